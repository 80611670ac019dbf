package dev.lora4j.train;

import java.time.Duration;

/**
 * Result of a training run.
 *
 * @param steps number of steps taken
 * @param duration from the first step to the last, including preparation
 * @param curve the loss over the steps
 * @param cachedStages number of frozen first stages whose outputs were computed once instead of
 *     every epoch
 */
public record TrainingResult(long steps, Duration duration, LossCurve curve, int cachedStages) {

  public double seconds() {
    return duration.toNanos() / 1e9;
  }

  public double stepsPerSecond() {
    return steps / seconds();
  }
}
