package dev.lora4j.train;

import dev.lora4j.UserError;

/**
 * The share of the learning rate that each step takes: from nothing up to all of it while it warms
 * up, and then as the shape says. The numbers are those of transformers' {@code
 * get_constant_schedule_with_warmup}, {@code get_linear_schedule_with_warmup} and {@code
 * get_cosine_schedule_with_warmup}.
 *
 * @param shape what follows the warm-up
 * @param warmUp number of steps that the warm-up takes
 */
public record Schedule(Shape shape, long warmUp) {

  /** How the learning rate goes on after the warm-up. */
  public enum Shape {
    /** As it is. */
    CONSTANT,
    /** Down to nothing in a straight line. */
    LINEAR,
    /** Down to nothing along half a wave: slowly, fast, slowly. */
    COSINE
  }

  public Schedule {
    if (warmUp < 0) {
      throw new UserError("the warm-up must have at least 0 steps, found " + warmUp);
    }
  }

  /** All of the learning rate in every step. */
  public static Schedule constant() {
    return new Schedule(Shape.CONSTANT, 0);
  }

  /** Down in a straight line. */
  public static Schedule linear() {
    return new Schedule(Shape.LINEAR, 0);
  }

  /** Down along half a wave. */
  public static Schedule cosine() {
    return new Schedule(Shape.COSINE, 0);
  }

  /** The same with a warm-up of so many steps. */
  public Schedule warmUp(long steps) {
    return new Schedule(shape, steps);
  }

  /**
   * The share that a step takes.
   *
   * @param step counted from 0
   * @param steps how many there are in all
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
