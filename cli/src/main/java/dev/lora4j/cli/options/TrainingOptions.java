package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.llm.train.TrainingDuration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Training options of every kind of model; the defaults depend on the kind. */
public final class TrainingOptions {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Number of epochs (default: 1 for language models, otherwise 3).")
  @Range(from = 1, to = Range.MILLION)
  private @Nullable Integer epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Batch size per forward pass (default: 4 for language models, otherwise 16).")
  @Range(from = 1, to = Range.MILLION)
  private @Nullable Integer batch;

  @Option(
      names = {"--lr", "--learning-rate"},
      paramLabel = "X",
      description = "AdamW learning rate (default: 2e-4 for language models, otherwise 1e-3).")
  @Range(above = 0)
  private @Nullable Double lr;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed for initialisation and data order" + DEFAULT)
  private long seed;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  public OptionalInt epochs() {
    return epochs == null ? OptionalInt.empty() : OptionalInt.of(epochs);
  }

  public int batch(int defaultBatch) {
    return batch == null ? defaultBatch : batch;
  }

  public double lr(double defaultRate) {
    return lr == null ? defaultRate : lr;
  }

  public long seed() {
    return seed;
  }

  public int workers() {
    return workers;
  }

  /** The duration of the training, in epochs or steps. */
  TrainingDuration length(OptionalLong steps) {
    if (epochs != null && steps.isPresent()) {
      throw new UserError("--epochs and --steps are mutually exclusive; give one of them");
    }
    return steps.isPresent()
        ? new TrainingDuration.Steps(steps.getAsLong())
        : new TrainingDuration.Epochs(epochs == null ? 1 : epochs);
  }
}
