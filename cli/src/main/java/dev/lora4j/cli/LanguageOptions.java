package dev.lora4j.cli;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.models.training.Batching;
import dev.lora4j.models.training.FineTuneRecipe;
import dev.lora4j.models.training.ObjectiveProvider;
import dev.lora4j.models.training.Pace;
import dev.lora4j.models.training.TuningSettings;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Schedule;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** What only the training of a language model can be asked. */
final class LanguageOptions {
  static final int BATCH = 4;
  static final double LEARNING_RATE = 2e-4;
  static final int MAX_TOKENS = 512;

  @Option(
      names = "--valid",
      paramLabel = "FILE",
      showDefaultValue = Visibility.NEVER,
      description = "Data that are never trained on, to see how well it goes.")
  private @Nullable Path valid;

  @Option(
      names = "--valid-fraction",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description = "Without --valid: share of --data that is held back; 0.05. 0 for none.")
  private @Nullable Double validFraction;

  @Option(
      names = "--steps",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "Steps of the optimizer, instead of --epochs.")
  private @Nullable Long steps;

  @Option(
      names = "--accumulate",
      paramLabel = "N",
      description = "Batches that make one step, which is the one that a single large batch makes.")
  private int accumulate = 1;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      showDefaultValue = Visibility.NEVER,
      description = "Longer examples are cut; 512, or the model's longest text if that is less.")
  private @Nullable Integer maxTokens;

  @Option(
      names = "--packing",
      description = "A row is as many examples as fit, of which none sees another.")
  private boolean packing;

  @Option(
      names = "--checkpointing",
      description =
          "Keep only the layers' inputs and compute the rest again: less memory, more time.")
  private boolean checkpointing;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description = "What becomes of the learning rate: cosine, linear, constant.")
  private String schedule = "cosine";

  @Option(names = "--warmup", paramLabel = "N", description = "Steps until it is all there.")
  private long warmup;

  @Option(
      names = "--lora-plus",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description = "B learns so many times faster than A (LoRA+); the paper takes 16.")
  private @Nullable Double loraPlus;

  @Option(names = "--weight-decay", paramLabel = "X", description = "Of AdamW.")
  private double weightDecay;

  @Option(names = "--clip", paramLabel = "X", description = "Longest gradient; 0 for no limit.")
  private double clip = 1;

  @Option(
      names = "--eval-every",
      paramLabel = "N",
      description = "Steps from one evaluation to the next; 0 for one after each epoch.")
  private long evalEvery;

  @Option(
      names = "--patience",
      paramLabel = "N",
      description = "End after so many evaluations that were not better; 0 for never.")
  private int patience;

  @Option(
      names = "--save-every",
      paramLabel = "N",
      description = "Steps from one checkpoint to the next; 0 for one after each epoch.")
  private long saveEvery;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      showDefaultValue = Visibility.NEVER,
      description = "What conversations without a system turn begin with.")
  private @Nullable String system;

  @Option(
      names = "--objective",
      paramLabel = "NAME",
      showDefaultValue = Visibility.NEVER,
      description =
          "Training objective: sft, dpo, kto; chosen by the fields of the data unless given.")
  private @Nullable String objective;

  @Option(
      names = "--objective-args",
      paramLabel = "KEY=X,…",
      showDefaultValue = Visibility.NEVER,
      description = "Hyperparameters of the objective, such as desirable_weight=1.3 for kto.")
  private @Nullable String objectiveArgs;

  @Option(names = "--dpo", hidden = true, description = "The same as --objective dpo.")
  private boolean dpo;

  @Option(
      names = "--beta",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description = "DPO and KTO: strength of the pull towards the base model; 0.1.")
  private @Nullable Double beta;

  @Option(
      names = "--sample",
      paramLabel = "TEXT",
      showDefaultValue = Visibility.NEVER,
      description =
          "What the report lets the model go on from, before and after; the beginning of an example"
              + " unless given.")
  private @Nullable String sample;

  @Option(names = "--resume", description = "Go on exactly where the run in --out stopped.")
  private boolean resume;

  Optional<Path> valid() {
    return Optional.ofNullable(valid);
  }

  double validFraction() {
    if (valid != null && validFraction != null) {
      throw new UserError("--valid and --valid-fraction don't go together: give one of them");
    }
    double share = validFraction == null ? 0.05 : validFraction;
    if (!(share >= 0 && share < 1)) {
      throw new UserError("--valid-fraction must be at least 0 and below 1, found " + share);
    }
    return share;
  }

  /** The longest example, for a model that can read so many tokens. */
  int maxTokens(int longest) {
    int wanted = maxTokens == null ? Math.min(MAX_TOKENS, longest) : maxTokens;
    if (wanted < 2 || wanted > longest) {
      throw new UserError(
          "--max-tokens must be from 2 to %d, the model's longest text; found %d"
              .formatted(longest, wanted));
    }
    return wanted;
  }

  TuningSettings settings(TrainingOptions training, int longest) {
    return new TuningSettings(
        training.length(steps == null ? OptionalLong.empty() : OptionalLong.of(steps)),
        new Batching(training.batch(BATCH), accumulate, maxTokens(longest), packing, checkpointing),
        AdamW.Settings.of(training.lr(LEARNING_RATE)).weightDecay(weightDecay),
        loraPlus == null ? Optional.empty() : Optional.of(LoraPlus.ratio(loraPlus)),
        new Schedule(shape(), warmup),
        clip == 0 ? Double.POSITIVE_INFINITY : clip,
        new Pace(evalEvery, patience, saveEvery),
        training.seed());
  }

  private Schedule.Shape shape() {
    return Arrays.stream(Schedule.Shape.values())
        .filter(shape -> word(shape).equals(schedule))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "--schedule: no schedule '"
                        + schedule
                        + "'"
                        + NearMiss.hint(
                            schedule,
                            Arrays.stream(Schedule.Shape.values())
                                .map(LanguageOptions::word)
                                .toList())));
  }

  private static String word(Schedule.Shape shape) {
    return shape.name().toLowerCase(Locale.ROOT);
  }

  Optional<String> system() {
    return Optional.ofNullable(system);
  }

  /** Sets the objective, if one is asked for, and its hyperparameters. */
  void applyObjective(FineTuneRecipe recipe) {
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

  Optional<String> sample() {
    return Optional.ofNullable(sample);
  }

  boolean resume() {
    return resume;
  }
}
