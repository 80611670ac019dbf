package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.task.train.TaskLosses;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.ObjectiveProvider;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Schedule;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Training options that apply to language models only. */
public final class LanguageOptions {
  static final int BATCH = 4;
  static final double LEARNING_RATE = 2e-4;
  static final int MAX_TOKENS = 512;
  private static final double VALID_FRACTION = 0.05;

  private static final double TASK_VALID_FRACTION = 0.2;
  private static final List<String> WEIGHTS = List.of("none", "balanced");

  @Option(
      names = "--validation-data",
      paramLabel = "FILE",
      description = "Validation data, never trained on.")
  private @Nullable Path valid;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Number of optimizer steps, instead of --epochs.")
  @Range(from = 1, to = Range.MANY)
  private @Nullable Long steps;

  @Option(
      names = "--gradient-accumulation-steps",
      paramLabel = "N",
      description =
          "Number of batches whose gradients are accumulated for one optimizer step" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int accumulate = 1;

  @Option(
      names = "--max-seq-length",
      paramLabel = "N",
      description =
          "Maximum sequence length in tokens; longer examples are truncated (default: 512, or the"
              + " model's limit if lower).")
  @Range(from = 2, to = Range.MANY)
  private @Nullable Integer maxTokens;

  @Option(
      names = "--packing",
      description = "Pack several examples into one sequence; they do not attend to each other.")
  private boolean packing;

  @Option(
      names = "--gradient-checkpointing",
      description = "Recompute activations in the backward pass: less memory, more time.")
  private boolean checkpointing;

  @Option(
      names = "--lr-scheduler",
      paramLabel = "NAME",
      description = "Learning-rate schedule: cosine, linear or constant" + DEFAULT)
  private String schedule = "cosine";

  @Option(
      names = "--warmup-steps",
      paramLabel = "N",
      description =
          "Number of steps over which the learning rate rises to its full value" + DEFAULT)
  @Range(from = 0, to = Range.MANY)
  private long warmup;

  @Option(
      names = "--loraplus-lr-ratio",
      paramLabel = "X",
      description =
          "LoRA+ ratio of the learning rate of B to that of A; the paper uses 16 (default: off).")
  @Range(from = 1)
  private @Nullable Double loraPlus;

  @Option(names = "--weight-decay", paramLabel = "X", description = "AdamW weight decay" + DEFAULT)
  @Range(from = 0)
  private double weightDecay;

  @Option(
      names = "--max-grad-norm",
      paramLabel = "X",
      description = "Maximum gradient norm; 0 disables clipping" + DEFAULT)
  @Range(from = 0)
  private double clip = 1;

  @Option(
      names = "--system-prompt",
      paramLabel = "TEXT",
      description = "System prompt for conversations that have none.")
  private @Nullable String system;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "Jinja chat template, saved with the adapter (default: the model's own).")
  private @Nullable Path chatTemplate;

  @Option(
      names = "--objective",
      paramLabel = "NAME",
      completionCandidates = Objectives.class,
      description =
          "Training objective: ${COMPLETION-CANDIDATES} (default: chosen by the fields of the"
              + " data).")
  private @Nullable String objective;

  @Option(
      names = "--objective-args",
      paramLabel = "KEY=X,…",
      description = "Hyperparameters of the objective, such as desirable_weight=1.3 for kto.")
  private @Nullable String objectiveArgs;

  @Option(names = "--dpo", hidden = true, description = "The same as --objective dpo.")
  private boolean dpo;

  @Option(
      names = "--beta",
      paramLabel = "X",
      description =
          "DPO and KTO beta: strength of the penalty for deviating from the base model (default:"
              + " 0.1).")
  @Range(above = 0)
  private @Nullable Double beta;

  @Option(
      names = "--class-weights",
      paramLabel = "NAME",
      description =
          "Weights of the classes in the loss of a classification: none or balanced, by which each"
              + " class has the same part of the loss"
              + DEFAULT)
  private String classWeights = "none";

  @Option(
      names = "--sample-prompt",
      paramLabel = "TEXT",
      description =
          "Prompt of the before-and-after sample in the report (default: the start of an example).")
  private @Nullable String sample;

  public Optional<Path> valid() {
    return Optional.ofNullable(valid);
  }

  /** Returns the fraction of the data held out for validation. */
  public double validFraction(TrainingOptions training) {
    if (valid != null && training.hasValidFraction()) {
      throw new UserError(
          "--validation-data and --validation-split are mutually exclusive; give one of them");
    }
    return training.validFraction(VALID_FRACTION);
  }

  /** Returns the maximum sequence length for a model with this limit. */
  int maxTokens(int longest) {
    int length = maxTokens == null ? Math.min(MAX_TOKENS, longest) : maxTokens;
    if (length < 2 || length > longest) {
      throw new UserError(
          "--max-seq-length must be from 2 to %d, the limit of the model; found %d"
              .formatted(longest, length));
    }
    return length;
  }

  public TrainingArguments settings(TrainingOptions training, int longest) {
    return settings(training, longest, BATCH, LEARNING_RATE, 1);
  }

  private TrainingArguments settings(
      TrainingOptions training, int longest, int batch, double learningRate, int epochs) {
    return new TrainingArguments(
        training.length(steps == null ? OptionalLong.empty() : OptionalLong.of(steps), epochs),
        new BatchConfig(
            training.batch(batch), accumulate, maxTokens(longest), packing, checkpointing),
        AdamW.Settings.of(training.lr(learningRate)).weightDecay(weightDecay),
        loraPlus == null ? Optional.empty() : Optional.of(LoraPlus.ratio(loraPlus)),
        new Schedule(shape(), warmup),
        clip == 0 ? Double.POSITIVE_INFINITY : clip,
        training.policy(),
        training.seed());
  }

  private Schedule.Shape shape() {
    List<String> names = List.of("constant", "linear", "cosine");
    if (!names.contains(schedule)) {
      throw new UserError(
          "--lr-scheduler: unknown schedule '" + schedule + "'" + NearMiss.hint(schedule, names));
    }
    return Schedule.Shape.valueOf(schedule.toUpperCase(Locale.ROOT));
  }

  public Optional<String> system() {
    return Optional.ofNullable(system);
  }

  public Optional<Path> chatTemplate() {
    return Optional.ofNullable(chatTemplate);
  }

  /**
   * Returns the loss of a task on texts.
   *
   * @throws UserError naming an option that only text generation has
   */
  public TaskLosses losses() {
    refuseForTask("--dpo", dpo);
    refuseForTask("--beta", beta != null);
    refuseForTask("--system-prompt", system != null);
    refuseForTask("--chat-template", chatTemplate != null);
    refuseForTask("--sample-prompt", sample != null);
    if (!WEIGHTS.contains(classWeights)) {
      throw new UserError(
          "--class-weights: unknown weights '"
              + classWeights
              + "'"
              + NearMiss.hint(classWeights, WEIGHTS));
    }
    return new TaskLosses(
        Optional.ofNullable(objective), objectiveParameters(), classWeights.equals("balanced"));
  }

  private static void refuseForTask(String option, boolean given) {
    if (given) {
      throw new UserError(option + " applies to text generation, not to a --task on texts");
    }
  }

  /** Returns the settings of a task on texts. */
  public TrainingArguments taskSettings(TrainingOptions training, int longest) {
    return settings(
        training,
        longest,
        FineTuneRecipe.TASK_BATCH,
        FineTuneRecipe.TASK_LEARNING_RATE,
        FineTuneRecipe.TASK_EPOCHS);
  }

  /** Returns the fraction of a task's data held out for validation and calibration. */
  public double taskValidFraction(TrainingOptions training) {
    validFraction(training); // refuses contradictions
    return training.validFraction(TASK_VALID_FRACTION);
  }

  /** Returns whether class weights are asked for, which language models don't have. */
  public boolean hasClassWeights() {
    return !classWeights.equals("none");
  }

  /** Sets the objective, if one is asked for, and its hyperparameters. */
  public void applyObjective(FineTuneRecipe recipe) {
    String name = objective == null && dpo ? "dpo" : objective;
    if (name != null) {
      recipe.objective(ObjectiveProvider.named(name));
    }
    recipe.objectiveParameters(objectiveParameters());
  }

  private Map<String, Double> objectiveParameters() {
    Map<String, Double> given = new LinkedHashMap<>();
    for (String part : objectiveArgs == null ? new String[0] : objectiveArgs.split(",")) {
      String[] pair = part.split("=", -1);
      try {
        given.put(pair[0].strip(), Double.valueOf(pair[pair.length - 1]));
      } catch (NumberFormatException e) {
        throw new UserError("--objective-args: expected KEY=NUMBER, found '" + part + "'", e);
      }
    }
    if (beta != null) {
      given.put("beta", beta);
    }
    return given;
  }

  public Optional<String> sample() {
    return Optional.ofNullable(sample);
  }

  /** The values of {@code --objective}. */
  static final class Objectives implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return ObjectiveProvider.all().stream().map(ObjectiveProvider::name).iterator();
    }
  }
}
