package dev.lora4j.serve.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.tool.ToolCallFormat;
import dev.lora4j.llm.tool.ToolFunction;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The form of a completion's text.
 *
 * @param constraint the grammar of the text; empty for any text
 * @param toolCalls the format of tool calls in the text; empty if the model can't call tools
 * @param severalCalls whether there may be more than one call
 */
public record OutputRules(
    Optional<Constraint> constraint, Optional<ToolCallFormat> toolCalls, boolean severalCalls) {
  /** Any text. */
  public static final OutputRules ANY = new OutputRules(Optional.empty(), Optional.empty(), false);

  /** Text of a grammar. */
  public static OutputRules constrained(Constraint constraint) {
    return new OutputRules(Optional.of(constraint), Optional.empty(), false);
  }

  /**
   * Any text, with or without tool calls.
   *
   * @throws UserError if the chat template does not support tools
   */
  public static OutputRules optionalCalls(ChatFormat chat, boolean several) {
    return new OutputRules(Optional.empty(), Optional.of(format(chat)), several);
  }

  /**
   * Calls of functions, at least one.
   *
   * @throws UserError if the chat template does not support tools, or a function's parameters can't
   *     be enforced
   */
  public static OutputRules requiredCalls(
      ChatFormat chat, ConstraintCache cache, List<ToolFunction> functions, boolean several) {
    ToolCallFormat format = format(chat);
    Constraint calls = cache.calls(format, chat.tokenizer(), functions, several);
    return new OutputRules(Optional.of(calls), Optional.of(format), several);
  }

  /**
   * Calls of functions, or else JSON.
   *
   * @param schema the JSON Schema of answers without calls; empty for any object
   * @throws UserError if the chat template does not support tools, or a schema can't be enforced
   */
  public static OutputRules callsOrJson(
      ChatFormat chat,
      ConstraintCache cache,
      List<ToolFunction> functions,
      boolean several,
      Optional<JsonNode> schema) {
    ToolCallFormat format = format(chat);
    Constraint either = cache.callsOrJson(format, chat.tokenizer(), functions, several, schema);
    return new OutputRules(Optional.of(either), Optional.of(format), several);
  }

  private static ToolCallFormat format(ChatFormat chat) {
    return chat.template()
        .flatMap(ToolCallFormat::of)
        .orElseThrow(
            () ->
                new UserError(
                    "the chat template of this model does not support tools, or writes calls in an"
                        + " unknown format; known ones are those of Qwen and Hermes, Llama 3 and"
                        + " Mistral"));
  }

  /** The markers of tool calls that are tokens of their own. */
  public Set<Long> markers(Tokenizer tokenizer) {
    return toolCalls.stream()
        .flatMap(format -> format.markers().stream())
        .flatMapToInt(marker -> tokenizer.addedToken(marker).stream())
        .asLongStream()
        .boxed()
        .collect(Collectors.toSet());
  }
}
