package dev.lora4j.cli.report;

import dev.lora4j.models.metrics.RunCurves;
import dev.lora4j.models.training.TuningResult;
import dev.lora4j.nn.Summary;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * All that a language model's run measured.
 *
 * @param model what the user called the model
 * @param data what was learned from, in words
 * @param tuning the run
 * @param listing the adapted network's parameters
 * @param curves loss over the steps
 * @param texts what the model writes
 * @param peakMegabytes memory that the process took at most, where that is known
 * @param command that does it again
 * @param versions what it was run by: name to version
 */
public record TuningReport(
    String model,
    String data,
    TuningResult tuning,
    Summary listing,
    RunCurves curves,
    Texts texts,
    OptionalLong peakMegabytes,
    String command,
    Map<String, String> versions) {

  public TuningReport {
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
  }

  /**
   * What the model writes, always taking the likeliest token.
   *
   * @param prompt the beginning
   * @param before how the base goes on
   * @param after how it goes on with the adapter
   */
  public record Texts(String prompt, String before, String after) {}

  /** Whether something was held back. */
  boolean isEvaluated() {
    return tuning.validLossBefore().isPresent() && tuning.validLossAfter().isPresent();
  }

  /** {@code 3.214 → 2.871}: of what was held back, else of what was trained on. */
  String fall() {
    return isEvaluated()
        ? Numbers.format(
            "%.3f → %.3f",
            tuning.validLossBefore().getAsDouble(), tuning.validLossAfter().getAsDouble())
        : Numbers.format("%.3f", tuning.trainLoss());
  }
}
