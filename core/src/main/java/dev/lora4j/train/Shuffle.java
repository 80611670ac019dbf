package dev.lora4j.train;

import java.util.SplittableRandom;

/** Order of the examples in an epoch, determined by seed and epoch. */
final class Shuffle {
  private Shuffle() {}

  static long[] order(long size, long seed, int epoch) {
    long[] order = new long[Math.toIntExact(size)];
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + epoch);
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
