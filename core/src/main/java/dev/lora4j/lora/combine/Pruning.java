package dev.lora4j.lora.combine;

import dev.lora4j.UserError;

/**
 * The pruning of an adapter before it is combined with others: some of its values are set to zero.
 */
public sealed interface Pruning {

  /** No pruning. */
  record None() implements Pruning {}

  /**
   * Prunes the values of smallest magnitude in each tensor.
   *
   * @param density the share of values kept, in (0, 1]
   */
  record Magnitude(double density) implements Pruning {
    public Magnitude {
      check(density);
    }
  }

  /**
   * Prunes random values and divides the others by the density, which preserves the mean.
   *
   * @param density the probability of keeping a value, in (0, 1]
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
