package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.models.training.Length;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** How long and how fast a training goes. What is not given depends on what is trained. */
final class TrainingOptions {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "How often each example is seen; 1 for language models, else 3.")
  private @Nullable Integer epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "Examples computed at once; 4 for language models, else 16.")
  private @Nullable Integer batch;

  @Option(
      names = "--lr",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description = "Learning rate of AdamW; 2e-4 for language models, else 1e-3.")
  private @Nullable Double lr;

  @Option(names = "--seed", paramLabel = "N", description = "Initial matrices and order follow.")
  private long seed;

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share a step.")
  private int workers = Runtime.getRuntime().availableProcessors();

  OptionalInt epochs() {
    return epochs == null ? OptionalInt.empty() : OptionalInt.of(epochs);
  }

  int batch(int usual) {
    return batch == null ? usual : batch;
  }

  double lr(double usual) {
    return lr == null ? usual : lr;
  }

  long seed() {
    return seed;
  }

  int workers() {
    return workers;
  }

  /** So many epochs or so many steps. */
  Length length(OptionalLong steps) {
    if (epochs != null && steps.isPresent()) {
      throw new UserError("--epochs and --steps don't go together: give one of them");
    }
    return steps.isPresent()
        ? new Length.Steps(steps.getAsLong())
        : new Length.Epochs(epochs == null ? 1 : epochs);
  }
}
