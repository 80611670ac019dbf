package dev.lora4j.llm.dataset;

import java.util.SplittableRandom;

/** Random permutations, determined by the random numbers. */
final class RandomOrder {
  private RandomOrder() {}

  static int[] shuffled(int size, SplittableRandom random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
