package dev.lora4j.train;

import dev.lora4j.nn.Checks;

/**
 * Learning-rate schedule: warm-up steps over which the rate rises linearly to its full value, then
 * a shape. The factors equal those of transformers' {@code get_…_schedule_with_warmup}.
 */
public record Schedule(Shape shape, long warmUp) {

  /** The schedule after the warm-up. */
  public enum Shape {
    CONSTANT,
    LINEAR,
    COSINE
  }

  public Schedule {
    Checks.atLeast(0, "warm-up steps", warmUp);
  }

  public static Schedule constant() {
    return new Schedule(Shape.CONSTANT, 0);
  }

  public static Schedule linear() {
    return new Schedule(Shape.LINEAR, 0);
  }

  public static Schedule cosine() {
    return new Schedule(Shape.COSINE, 0);
  }

  /** Copy with this number of warm-up steps. */
  public Schedule warmUp(long steps) {
    return new Schedule(shape, steps);
  }

  /**
   * Returns the factor of the learning rate.
   *
   * @param step counted from 0
   * @param steps total number of steps
   */
  public double factor(long step, long steps) {
    if (step < warmUp) {
      return (double) step / warmUp;
    }
    double done = (double) (step - warmUp) / Math.max(1, steps - warmUp);
    return switch (shape) {
      case CONSTANT -> 1;
      case LINEAR -> Math.max(0, 1 - done);
      case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * done)));
    };
  }
}
