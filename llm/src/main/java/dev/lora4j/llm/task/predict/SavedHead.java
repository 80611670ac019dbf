package dev.lora4j.llm.task.predict;

import dev.lora4j.io.TensorFile;
import dev.lora4j.lora.format.AdapterSummary;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The head among the tensors of an adapter. */
final class SavedHead {
  private static final Pattern WEIGHT =
      Pattern.compile(
          "(.*\\.)?(classifier|score)(\\.out_proj)?(\\.modules_to_save\\.\\w+)?\\.weight");

  private SavedHead() {}

  /** Number of outputs of the head that an adapter saves; empty if it saves none. */
  static OptionalInt outputs(Path adapter) {
    try (TensorFile file = AdapterSummary.read(adapter).open()) {
      return file.names().stream()
          .map(WEIGHT::matcher)
          .filter(Matcher::matches)
          .mapToInt(name -> Math.toIntExact(file.shape(name.group()).get(0)))
          .findFirst();
    }
  }
}
