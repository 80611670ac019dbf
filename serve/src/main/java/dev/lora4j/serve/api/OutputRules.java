package dev.lora4j.serve.api;

import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.tool.ToolCallFormat;
import java.util.Optional;

/**
 * The form of a completion's text.
 *
 * @param constraint the grammar of the text; empty for any text
 * @param toolCalls the format of tool calls in the text; empty if the model can't call tools
 * @param severalCalls whether there may be more than one call
 */
record OutputRules(
    Optional<Constraint> constraint, Optional<ToolCallFormat> toolCalls, boolean severalCalls) {
  /** Any text. */
  static final OutputRules ANY = new OutputRules(Optional.empty(), Optional.empty(), false);

  static OutputRules constrained(Constraint constraint) {
    return new OutputRules(Optional.of(constraint), Optional.empty(), false);
  }
}
