package dev.lora4j.llm.metrics;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Records the metrics of a run in its directory: {@code metrics.jsonl}, and TensorBoard event files
 * in {@code tensorboard/}. A line is a step ({@code step, epoch, loss, learning_rate,
 * gradient_norm, tokens, loss_tokens, seconds, tokens_per_s}) or an evaluation ({@code step,
 * valid_loss, best}), each with the objective's own metrics. A step without tokens has {@code
 * examples} and {@code examples_per_s} instead; a value that is not known is left out.
 */
public final class RunMetrics implements TrainingCallback, AutoCloseable {
  static final String FILE = "metrics.jsonl";
  private static final String EVENTS = "tensorboard";

  private final Path directory;
  private @Nullable MetricsFile metrics;
  private @Nullable EventFile events;

  /** Records in a run's directory, from the start of the run. */
  public RunMetrics(Path directory) {
    this.directory = directory;
  }

  @Override
  public void onStart(long steps, long done) {
    // without a checkpoint, the first evaluation is repeated
    metrics = MetricsFile.after(directory.resolve(FILE), done == 0 ? -1 : done);
    events = EventFile.create(directory.resolve(EVENTS), done == 0 ? 0 : done + 1);
  }

  @Override
  public void onStep(Step step) {
    double seconds = step.duration().toNanos() / 1e9;
    String unit = step.tokens() > 0 ? "tokens" : "examples";
    ObjectNode line =
        MetricsFile.object(step.number()).put("epoch", step.epoch()).put("loss", step.loss());
    putIfKnown(line, "learning_rate", step.learningRate());
    putIfKnown(line, "gradient_norm", step.gradientNorm());
    line.put(unit, step.tokens() > 0 ? step.tokens() : step.examples());
    if (step.tokens() > 0) {
      line.put("loss_tokens", step.lossTokens());
    }
    double rate = line.path(unit).asLong() / seconds;
    line.put("seconds", seconds).put(unit + "_per_s", rate);
    step.metrics().forEach(line::put);
    write(line);
    step.metrics().forEach((name, value) -> scalar("train/" + name, step.number(), value));
    scalar("train/loss", step.number(), step.loss());
    scalar("train/learning_rate", step.number(), step.learningRate());
    scalar("train/gradient_norm", step.number(), step.gradientNorm());
    scalar("train/" + unit + "_per_s", step.number(), rate);
  }

  private static void putIfKnown(ObjectNode line, String name, double value) {
    if (!Double.isNaN(value)) {
      line.put(name, value);
    }
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    ObjectNode line =
        MetricsFile.object(evaluation.step())
            .put("valid_loss", evaluation.loss())
            .put("best", evaluation.best());
    evaluation.metrics().forEach(line::put);
    write(line);
    evaluation
        .metrics()
        .forEach((name, value) -> scalar("valid/" + name, evaluation.step(), value));
    scalar("valid/loss", evaluation.step(), evaluation.loss());
  }

  private void write(ObjectNode line) {
    if (metrics != null) {
      metrics.write(line);
    }
  }

  private void scalar(String tag, long step, double value) {
    if (events != null && !Double.isNaN(value)) {
      events.scalar(tag, step, value);
    }
  }

  @Override
  public void close() {
    if (metrics != null) {
      metrics.close();
    }
    if (events != null) {
      events.close();
    }
  }
}
