package dev.lora4j.models.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What became of the data on its way to examples.
 *
 * @param rows read
 * @param examples made of them
 * @param tokens of the examples together
 * @param lossTokens those that carry loss
 * @param truncated examples that were cut to the greatest length
 * @param dropped examples left out because no token of theirs would carry loss
 * @param firstDropped where the first of these stands
 * @param endsAdded conversations whose template wrote no token that ends the last answer
 * @param seams examples in which one token is both the prompt's end and the completion's beginning
 * @param divided conversations that became several examples, since the template writes earlier
 *     answers differently
 * @param endless whether the tokenizer has no token that ends a text
 */
public record DataReport(
    long rows,
    long examples,
    long tokens,
    long lossTokens,
    long truncated,
    long dropped,
    Optional<String> firstDropped,
    long endsAdded,
    long seams,
    long divided,
    boolean endless) {

  /** One line of figures. */
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%s of %s: %,d tokens, %,d of them learned",
        counted(examples, "example"),
        counted(rows, "row"),
        tokens,
        lossTokens);
  }

  private static String counted(long count, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
  }

  /** What somebody should know before training, a sentence each; empty where all is well. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (endless) {
      warnings.add("The tokenizer has no eos token: the model can't learn to stop.");
    }
    warn(warnings, truncated, "examples were cut to the greatest length; their ends are lost.");
    warn(
        warnings,
        dropped,
        "examples have no token to learn and were left out; the first: "
            + firstDropped.orElse("unknown")
            + ".");
    warn(
        warnings,
        endsAdded,
        "conversations end without a token that ends the answer; it was added. The model will not"
            + " see it from this template when it is used.");
    warn(
        warnings,
        seams,
        "examples have a token that is both the prompt's end and the completion's beginning; end"
            + " prompts with a line break, or begin completions with a space.");
    warn(
        warnings,
        divided,
        "conversations became one example for each answer: the template writes earlier answers"
            + " differently.");
    return warnings;
  }

  private static void warn(List<String> warnings, long count, String sentence) {
    if (count > 0) {
      warnings.add(String.format(Locale.ROOT, "%,d %s", count, sentence));
    }
  }
}
