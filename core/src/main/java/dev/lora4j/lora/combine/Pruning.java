package dev.lora4j.lora.combine;

import dev.lora4j.UserError;

/** Which numbers of an adapter are set to zero before it is combined with others. */
public sealed interface Pruning {

  /** None. */
  record None() implements Pruning {}

  /**
   * The smallest in magnitude, tensor by tensor.
   *
   * @param density the share that is left, in (0, 1]
   */
  record Magnitude(double density) implements Pruning {
    public Magnitude {
      check(density);
    }
  }

  /**
   * Some at random; the others are divided by the density, so that the mean stays.
   *
   * @param density the chance of each to stay, in (0, 1]
   */
  record Random(double density, long seed) implements Pruning {
    public Random {
      check(density);
    }
  }

  private static void check(double density) {
    if (!(density > 0 && density <= 1)) {
      throw new UserError("density must be in (0, 1], found " + density);
    }
  }
}
