package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.llm.train.TrainingDuration;
import dev.lora4j.train.EvalAndSavePolicy;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Training options of every kind of model; the defaults depend on the kind. */
public final class TrainingOptions {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Number of epochs (default: 1 for text generation, otherwise 3).")
  @Range(from = 1, to = Range.MILLION)
  private @Nullable Integer epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Batch size per forward pass (default: 4 for text generation, otherwise 16).")
  @Range(from = 1, to = Range.MILLION)
  private @Nullable Integer batch;

  @Option(
      names = {"--lr", "--learning-rate"},
      paramLabel = "X",
      description = "AdamW learning rate (default: 2e-4 for text generation, otherwise 1e-3).")
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

  @Option(
      names = "--validation-split",
      paramLabel = "X",
      description =
          "Fraction of the training examples held out for validation; 0 for none (default: 0.05 for"
              + " text generation and 0.2 for tasks on texts, without --validation-data;"
              + " otherwise 0).")
  @Range(from = 0, below = 1)
  private @Nullable Double validFraction;

  @Option(
      names = "--eval-steps",
      paramLabel = "N",
      description = "Number of steps between evaluations; 0 for one per epoch" + DEFAULT)
  @Range(from = 0, to = Range.MANY)
  private long evalEvery;

  @Option(
      names = "--early-stopping-patience",
      paramLabel = "N",
      description =
          "Early stopping: number of evaluations without improvement after which training stops; 0"
              + " disables it"
              + DEFAULT)
  @Range(from = 0, to = Range.MANY)
  private int patience;

  @Option(
      names = "--save-steps",
      paramLabel = "N",
      description = "Number of steps between checkpoints; 0 for one per epoch" + DEFAULT)
  @Range(from = 0, to = Range.MANY)
  private long saveEvery;

  @Option(names = "--resume", description = "Resume the run in --out from its last checkpoint.")
  private boolean resume;

  public OptionalInt epochs() {
    return epochs == null ? OptionalInt.empty() : OptionalInt.of(epochs);
  }

  public int batch(int defaultBatch) {
    return batch == null ? defaultBatch : batch;
  }

  public double lr(double defaultRate) {
    return lr == null ? defaultRate : lr;
  }

  boolean hasValidFraction() {
    return validFraction != null;
  }

  /** Returns the fraction of the training examples held out for validation. */
  public double validFraction(double defaultFraction) {
    return validFraction == null ? defaultFraction : validFraction;
  }

  /** Returns when to evaluate, to write checkpoints, and to stop early. */
  public EvalAndSavePolicy policy() {
    return new EvalAndSavePolicy(evalEvery, patience, saveEvery);
  }

  public boolean resume() {
    return resume;
  }

  public long seed() {
    return seed;
  }

  public int workers() {
    return workers;
  }

  /** The duration of the training, in epochs or steps. */
  TrainingDuration length(OptionalLong steps, int defaultEpochs) {
    if (epochs != null && steps.isPresent()) {
      throw new UserError("--epochs and --steps are mutually exclusive; give one of them");
    }
    return steps.isPresent()
        ? new TrainingDuration.Steps(steps.getAsLong())
        : new TrainingDuration.Epochs(epochs == null ? defaultEpochs : epochs);
  }
}
