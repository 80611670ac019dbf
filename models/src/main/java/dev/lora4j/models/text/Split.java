package dev.lora4j.models.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Data in two parts: one to train on, one to see how well that went.
 *
 * @param train to train on
 * @param valid never trained on
 */
public record Split<T>(List<T> train, List<T> valid) {
  public Split {
    train = List.copyOf(train);
    valid = List.copyOf(valid);
  }

  /**
   * Holds back the end: what goes on from where the other part stops, as a long text's blocks do.
   *
   * @param valid how many to hold back, less than there are
   */
  public static <T> Split<T> atEnd(List<T> all, int valid) {
    requireLess(valid, all.size());
    int seam = all.size() - valid;
    return new Split<>(all.subList(0, seam), all.subList(seam, all.size()));
  }

  /** The same parts of other things. */
  public <U> Split<U> map(Function<? super T, ? extends U> made) {
    return new Split<>(train.stream().<U>map(made).toList(), valid.stream().<U>map(made).toList());
  }

  private static void requireLess(int valid, int all) {
    if (valid < 0 || valid >= all) {
      throw new IllegalArgumentException("cannot hold back " + valid + " of " + all + " examples");
    }
  }

  /**
   * Draws the second part; both keep their order. The same seed draws the same.
   *
   * @param valid how many to hold back, less than there are
   */
  public static <T> Split<T> of(List<T> all, int valid, long seed) {
    requireLess(valid, all.size());
    BitSet heldBack = new BitSet(all.size());
    int[] order = Order.shuffled(all.size(), new SplittableRandom(seed));
    for (int i = 0; i < valid; i++) {
      heldBack.set(order[i]);
    }
    List<T> train = new ArrayList<>();
    List<T> held = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      (heldBack.get(i) ? held : train).add(all.get(i));
    }
    return new Split<>(train, held);
  }
}
