package dev.lora4j.train;

import java.time.Duration;

/**
 * What a training came to.
 *
 * @param steps how many were taken
 * @param duration from the first step to the last, preparation included
 * @param curve the loss over the steps
 * @param cachedStages how many of the network's first stages were computed once instead of every
 *     epoch
 */
public record TrainingResult(long steps, Duration duration, LossCurve curve, int cachedStages) {

  /** The duration in seconds. */
  public double seconds() {
    return duration.toNanos() / 1e9;
  }

  /** Steps taken in a second. */
  public double stepsPerSecond() {
    return steps / seconds();
  }
}
