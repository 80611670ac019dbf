package dev.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.recipe.TaskRun;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.RunResult;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The measurements of a training run.
 *
 * @param outcome the part of the result that depends on the kind of model
 * @param resumedFrom the step after which the run was resumed, or 0
 * @param peakMegabytes peak memory of the process, where known
 * @param wall wall-clock time since the start of the process
 * @param command the command that repeats the run
 */
public record TuningReport(
    String model,
    String data,
    RunResult tuning,
    long resumedFrom,
    Summary listing,
    RunCurves curves,
    RunOutcome outcome,
    OptionalLong peakMegabytes,
    Duration wall,
    String command) {

  /** Returns a text without surrounding white space; {@code (blank)} if nothing is left. */
  public static String shown(String text) {
    return text.isBlank() ? "(blank)" : text.strip();
  }

  /** Returns a note that the duration and the tokens/s exclude evaluations; empty without any. */
  public String clock() {
    return isEvaluated() ? " without evaluations" : "";
  }

  /** Returns true if the run was evaluated on validation examples. */
  public boolean isEvaluated() {
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

  /** {@code 2,061 MB}; a dash if unknown. */
  public String peakMemory() {
    return peakMegabytes.isPresent() ? NumberFormats.count(peakMegabytes.getAsLong()) + " MB" : "–";
  }

  /** Adds the measurements to a JSON object. */
  public void fill(ObjectNode root) {
    if (outcome instanceof RunOutcome.Scores scores) {
      scores.before().fill(root.putObject("before"));
      scores.after().fill(root.putObject("after"));
      root.putObject("parameters")
          .put("trainable", listing.trainable())
          .put("total", listing.total());
      root.put("steps_per_s", scores.stepsPerSecond(tuning));
    }
    if (outcome instanceof RunOutcome.OfTask task) {
      fill(root, task.result());
    }
    root.put("train_loss", tuning.trainLoss());
    put(root, "valid_loss_before", tuning.validLossBefore());
    put(root, "valid_loss_after", tuning.validLossAfter());
    if (outcome instanceof RunOutcome.Text text) {
      root.put("tokens_per_s", text.tokensPerSecond(tuning));
      root.put("tokens", text.tokens());
      root.put("loss_tokens", text.lossTokens());
    }
    peakMegabytes.ifPresentOrElse(
        megabytes -> root.put("peak_rss_mb", megabytes), () -> root.putNull("peak_rss_mb"));
    root.put("adapter_bytes", tuning.adapterBytes());
    root.put("steps", tuning.steps());
    root.put("seconds", NumberFormats.seconds(tuning.duration()));
    root.put("wall_seconds", NumberFormats.seconds(wall));
    root.put("adapter_step", tuning.adapterStep());
    root.put("resumed_from", resumedFrom);
    root.put("end", tuning.end().name().toLowerCase(Locale.ROOT));
    root.put("trained_parameters", listing.trainable());
    root.put("directory", tuning.directory().toString());
  }

  private static void fill(ObjectNode root, TaskRun.Result result) {
    result.before().ifPresent(score -> TaskFigures.fill(root.putObject("before"), score));
    result.after().ifPresent(score -> TaskFigures.fill(root.putObject("after"), score));
    put(root, "baseline_accuracy", result.baseline());
    TaskFigures.fill(root, result.calibration());
    root.put("examples_per_s", result.examplesPerSecond());
    root.put("tokens_per_s", result.training().tokensPerSecond());
    root.put("tokens", result.training().tokens());
  }

  private static void put(ObjectNode root, String name, OptionalDouble value) {
    value.ifPresentOrElse(number -> root.put(name, number), () -> root.putNull(name));
  }
}
