package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Schedule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Hyperparameters of a run. The same ones on the same data with the same number of workers give the
 * same run bit for bit.
 *
 * @param length duration in epochs or steps
 * @param batching batch size, gradient accumulation, sequence length
 * @param optimizer settings of AdamW, including the learning rate
 * @param loraPlus the learning-rate ratio of B, if LoRA+ is used
 * @param schedule learning-rate schedule
 * @param longestGradient gradient clipping: maximum gradient norm; may be infinite
 * @param pace evaluation, early stopping and checkpoints
 * @param seed of data order and dropout
 */
public record TuningSettings(
    Length length,
    Batching batching,
    AdamW.Settings optimizer,
    Optional<LoraPlus> loraPlus,
    Schedule schedule,
    double longestGradient,
    Pace pace,
    long seed) {
  public TuningSettings {
    if (!(longestGradient > 0)) {
      throw new UserError(
          "the maximum gradient norm must be more than 0, found " + longestGradient);
    }
  }

  /**
   * One epoch with batch size 4, cosine schedule, maximum gradient norm 1, no weight decay, seed 0.
   */
  public static TuningSettings of(double learningRate) {
    return new TuningSettings(
        new Length.Epochs(1),
        Batching.of(4),
        AdamW.Settings.of(learningRate).weightDecay(0),
        Optional.empty(),
        Schedule.cosine(),
        1,
        Pace.byEpoch(),
        0);
  }

  /** Copy with this number of epochs. */
  public TuningSettings epochs(int count) {
    return with(new Length.Epochs(count));
  }

  /** Copy with this number of steps. */
  public TuningSettings steps(long count) {
    return with(new Length.Steps(count));
  }

  private TuningSettings with(Length another) {
    return new TuningSettings(
        another, batching, optimizer, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** Copy with another batch configuration. */
  public TuningSettings batching(Batching another) {
    return new TuningSettings(
        length, another, optimizer, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** Copy with other settings of AdamW. */
  public TuningSettings optimizer(AdamW.Settings another) {
    return new TuningSettings(
        length, batching, another, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** Copy with LoRA+. */
  public TuningSettings loraPlus(LoraPlus wanted) {
    return new TuningSettings(
        length, batching, optimizer, Optional.of(wanted), schedule, longestGradient, pace, seed);
  }

  /** Copy with another learning-rate schedule. */
  public TuningSettings schedule(Schedule another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, another, longestGradient, pace, seed);
  }

  /** Copy with another maximum gradient norm. */
  public TuningSettings longestGradient(double norm) {
    return new TuningSettings(length, batching, optimizer, loraPlus, schedule, norm, pace, seed);
  }

  /** Copy with other evaluations and checkpoints. */
  public TuningSettings pace(Pace another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, schedule, longestGradient, another, seed);
  }

  /** Copy with another seed. */
  public TuningSettings seed(long another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, schedule, longestGradient, pace, another);
  }

  /** Each setting by its name in {@code run.json}. */
  Map<String, String> named() {
    Map<String, String> named = new LinkedHashMap<>();
    named.put("length", length.toString());
    named.put("batch", Integer.toString(batching.rows()));
    named.put("accumulate", Integer.toString(batching.accumulate()));
    named.put("max_tokens", Integer.toString(batching.maxTokens()));
    named.put("packing", Boolean.toString(batching.packed()));
    named.put("checkpointing", Boolean.toString(batching.recompute()));
    named.put("optimizer", optimizer.toString());
    named.put("lora_plus", loraPlus.map(LoraPlus::toString).orElse("none"));
    named.put("schedule", schedule.toString());
    named.put("longest_gradient", Double.toString(longestGradient));
    named.put("pace", pace.toString());
    named.put("seed", Long.toString(seed));
    return named;
  }
}
