package dev.lora4j.cli;

import static dev.lora4j.cli.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.models.training.Length;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Training options of every kind of model; the defaults depend on the kind. */
final class TrainingOptions {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Number of epochs (default: 1 for language models, otherwise 3).")
  private @Nullable Integer epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Batch size per forward pass (default: 4 for language models, otherwise 16).")
  private @Nullable Integer batch;

  @Option(
      names = {"--lr", "--learning-rate"},
      paramLabel = "X",
      description = "AdamW learning rate (default: 2e-4 for language models, otherwise 1e-3).")
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
  private int workers = Runtime.getRuntime().availableProcessors();

  OptionalInt epochs() {
    return epochs == null ? OptionalInt.empty() : OptionalInt.of(epochs);
  }

  int batch(int defaultBatch) {
    return batch == null ? defaultBatch : batch;
  }

  double lr(double defaultRate) {
    return lr == null ? defaultRate : lr;
  }

  long seed() {
    return seed;
  }

  int workers() {
    return workers;
  }

  /** The duration of the training, in epochs or steps. */
  Length length(OptionalLong steps) {
    if (epochs != null && steps.isPresent()) {
      throw new UserError("--epochs and --steps are mutually exclusive; give one of them");
    }
    return steps.isPresent()
        ? new Length.Steps(steps.getAsLong())
        : new Length.Epochs(epochs == null ? 1 : epochs);
  }
}
