package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Schedule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The numbers of a run: with the same ones, on the same data, and with the same number of workers,
 * a run is the same bit for bit.
 *
 * @param length when it ends
 * @param batching how examples come together
 * @param optimizer AdamW's numbers, the learning rate among them
 * @param loraPlus the faster learning of B, if wanted
 * @param schedule what the learning rate does over the steps
 * @param longestGradient gradients that are longer are made as short as this; may be infinite
 * @param pace when it is evaluated and saved
 * @param seed of the order of the examples and of what is dropped
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
      throw new UserError("the longest gradient must be more than 0, found " + longestGradient);
    }
  }

  /**
   * One epoch of batches of 4 with a cosine schedule, gradients no longer than 1, no weight decay,
   * seed 0.
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

  /** The same for so many epochs. */
  public TuningSettings epochs(int count) {
    return with(new Length.Epochs(count));
  }

  /** The same for so many steps. */
  public TuningSettings steps(long count) {
    return with(new Length.Steps(count));
  }

  private TuningSettings with(Length another) {
    return new TuningSettings(
        another, batching, optimizer, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** The same with other batches. */
  public TuningSettings batching(Batching another) {
    return new TuningSettings(
        length, another, optimizer, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** The same with other numbers for AdamW. */
  public TuningSettings optimizer(AdamW.Settings another) {
    return new TuningSettings(
        length, batching, another, loraPlus, schedule, longestGradient, pace, seed);
  }

  /** The same with LoRA+. */
  public TuningSettings loraPlus(LoraPlus wanted) {
    return new TuningSettings(
        length, batching, optimizer, Optional.of(wanted), schedule, longestGradient, pace, seed);
  }

  /** The same with another schedule. */
  public TuningSettings schedule(Schedule another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, another, longestGradient, pace, seed);
  }

  /** The same with another limit of the gradient's norm. */
  public TuningSettings longestGradient(double norm) {
    return new TuningSettings(length, batching, optimizer, loraPlus, schedule, norm, pace, seed);
  }

  /** The same with other evaluations and checkpoints. */
  public TuningSettings pace(Pace another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, schedule, longestGradient, another, seed);
  }

  /** The same with another seed. */
  public TuningSettings seed(long another) {
    return new TuningSettings(
        length, batching, optimizer, loraPlus, schedule, longestGradient, pace, another);
  }

  /** Each number by its name, as a run's directory keeps it. */
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
