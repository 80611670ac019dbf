package dev.lora4j.llm.constrain.schema;

import java.util.List;
import java.util.OptionalInt;

/** A regular expression. */
sealed interface RegexNode {

  /** One character of a set. */
  record Characters(CharacterSet set) implements RegexNode {}

  /** One after another; the empty text if there are none. */
  record Sequence(List<RegexNode> parts) implements RegexNode {}

  /** One of several. */
  record Alternatives(List<RegexNode> options) implements RegexNode {}

  /**
   * Repetitions.
   *
   * @param most empty for no maximum
   */
  record Repeat(RegexNode part, int least, OptionalInt most) implements RegexNode {}
}
