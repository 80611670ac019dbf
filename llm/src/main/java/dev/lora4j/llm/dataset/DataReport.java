package dev.lora4j.llm.dataset;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Statistics of a data file.
 *
 * @param rows rows in the file
 * @param examples examples created from them
 * @param tokens tokens of all examples
 * @param lossTokens loss tokens
 * @param truncated examples truncated to the maximum sequence length
 * @param dropped examples without a loss token
 * @param firstDropped file and row of the first one
 * @param endsAdded conversations whose template ends the last answer without a stop token
 * @param seams examples with one token across the end of the prompt and the start of the completion
 * @param divided conversations that became several examples, since the template renders earlier
 *     answers differently
 * @param endless true if the tokenizer has no eos token
 * @param ignored fields that the format does not read, with the number of rows that have them
 * @param notes on names that were read as others, with the number of rows
 * @param labelledTexts texts beside an ignored label
 * @param emptyAnswers examples with an answer without text
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
    boolean endless,
    Map<String, Long> ignored,
    Map<String, Long> notes,
    long labelledTexts,
    long emptyAnswers) {
  public DataReport {
    ignored = Collections.unmodifiableMap(new LinkedHashMap<>(ignored));
    notes = Collections.unmodifiableMap(new LinkedHashMap<>(notes));
  }

  /** One line of figures. */
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%s of %s: %,d tokens, %,d of them loss tokens",
        counted(examples, "example"),
        counted(rows, "row"),
        tokens,
        lossTokens);
  }

  private static String counted(long count, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
  }

  /** Warnings, one sentence each. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (endless) {
      warnings.add("The tokenizer has no eos token: the model can't learn to stop.");
    }
    notes.forEach((note, count) -> warn(warnings, count, "row", ": read " + note + "."));
    if (!ignored.isEmpty()) {
      warnings.add(ignoredFields());
    }
    warn(
        warnings,
        labelledTexts,
        "row",
        " of text with a label, as for classification; to learn the label, read it as the"
            + " completion: --columns prompt=text,completion=label.");
    warn(
        warnings,
        emptyAnswers,
        "example",
        " with an empty answer: the model learns to answer with nothing.");
    warn(warnings, truncated, "example", " truncated to the maximum sequence length.");
    warn(
        warnings,
        dropped,
        "example",
        " without loss tokens, dropped; the first: " + firstDropped.orElse("unknown") + ".");
    warn(
        warnings,
        endsAdded,
        "conversation",
        " without a stop token at the end; it was added. The template does not render it at"
            + " inference.");
    warn(
        warnings,
        seams,
        "example",
        " with a token across the end of the prompt and the start of the completion; end prompts"
            + " with a line break, or start completions with a space.");
    warn(
        warnings,
        divided,
        "conversation",
        " split into one example for each answer: the template renders earlier answers"
            + " differently.");
    return warnings;
  }

  private String ignoredFields() {
    String fields =
        ignored.entrySet().stream()
            .map(e -> e.getKey() + " (" + counted(e.getValue(), "row") + ")")
            .collect(Collectors.joining(", "));
    return "Ignored columns: " + fields + ".";
  }

  private static void warn(List<String> warnings, long count, String noun, String rest) {
    if (count > 0) {
      warnings.add(counted(count, noun) + rest);
    }
  }
}
