package dev.lora4j.train;

import java.time.Duration;

/** Result of a training run, with the number of frozen first stages that were computed once. */
public record TrainingResult(long steps, Duration duration, LossCurve curve, int cachedStages) {

  public double seconds() {
    return duration.toNanos() / 1e9;
  }

  public double stepsPerSecond() {
    return steps / seconds();
  }
}
