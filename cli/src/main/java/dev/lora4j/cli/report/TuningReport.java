package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.nn.Summary;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The measurements of a training run of a language model.
 *
 * @param model the model as given by the user
 * @param data description of the data
 * @param tuning the run
 * @param listing parameters of the adapted network
 * @param curves loss over the steps
 * @param texts samples before and after
 * @param peakMegabytes peak memory of the process, where known
 * @param command the command that repeats the run
 * @param versions versions by name
 */
public record TuningReport(
    String model,
    String data,
    LanguageModelTrainingResult tuning,
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
   * Greedy continuations of one prompt.
   *
   * @param prompt the prompt
   * @param before continuation by the base
   * @param after continuation with the adapter
   */
  public record Texts(String prompt, String before, String after) {}

  /** Returns true if the run had a validation split. */
  boolean isEvaluated() {
    return tuning.validLossBefore().isPresent() && tuning.validLossAfter().isPresent();
  }

  /** {@code 3.214 → 2.871}: the validation loss, or else the training loss. */
  String fall() {
    return isEvaluated()
        ? NumberFormats.format(
            "%.3f → %.3f",
            tuning.validLossBefore().getAsDouble(), tuning.validLossAfter().getAsDouble())
        : NumberFormats.format("%.3f", tuning.trainLoss());
  }
}
