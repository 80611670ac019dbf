package dev.lora4j.llm.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.train.LossCurve;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The figures of a run so far, from its metrics.
 *
 * @param steps steps taken
 * @param trainLoss mean training loss of the steps; NaN before the first
 * @param tokens tokens in the steps
 * @param seconds duration of the steps alone
 * @param evaluations validation losses, in order
 */
public record RunFigures(
    long steps, double trainLoss, long tokens, double seconds, List<LossCurve.Point> evaluations) {

  public RunFigures {
    evaluations = List.copyOf(evaluations);
  }

  /**
   * Reads the metrics of a run; without a metrics file it has 0 steps and no evaluations.
   *
   * @throws dev.lora4j.UserError if the file can't be read
   */
  public static RunFigures read(Path directory) {
    List<JsonNode> lines = MetricsFile.read(directory.resolve(RunMetrics.FILE));
    List<JsonNode> steps = lines.stream().filter(line -> line.path("loss").isNumber()).toList();
    return new RunFigures(
        steps.stream().mapToLong(line -> line.path("step").asLong()).max().orElse(0),
        steps.stream()
            .mapToDouble(line -> line.path("loss").asDouble())
            .average()
            .orElse(Double.NaN),
        steps.stream().mapToLong(line -> line.path("tokens").asLong()).sum(),
        steps.stream().mapToDouble(line -> line.path("seconds").asDouble()).sum(),
        RunCurves.points(lines, "valid_loss"));
  }

  /** Returns the lowest validation loss. */
  public OptionalDouble bestLoss() {
    return evaluations.stream().mapToDouble(LossCurve.Point::loss).min();
  }

  /** Returns the step of the lowest validation loss; 0 without any. */
  public long bestStep() {
    return evaluations.stream()
        .min(Comparator.comparingDouble(LossCurve.Point::loss))
        .map(LossCurve.Point::step)
        .orElse(0L);
  }

  /** Returns the validation loss before the first step. */
  public OptionalDouble firstLoss() {
    return evaluations.stream().limit(1).mapToDouble(LossCurve.Point::loss).findFirst();
  }

  /** Returns the validation loss of the last evaluation. */
  public OptionalDouble lastLoss() {
    return evaluations.stream()
        .skip(Math.max(0, evaluations.size() - 1))
        .mapToDouble(LossCurve.Point::loss)
        .findFirst();
  }

  public double tokensPerSecond() {
    return tokens / seconds;
  }
}
