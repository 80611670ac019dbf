package dev.lora4j.llm.dataset;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * A training and a validation part.
 *
 * @param train examples to train on
 * @param valid validation examples, never trained on
 */
public record TrainValidationSplit<T>(List<T> train, List<T> valid) {
  public TrainValidationSplit {
    train = List.copyOf(train);
    valid = List.copyOf(valid);
  }

  /**
   * Takes the validation part from the end, as for the blocks of a long text.
   *
   * @param valid number of validation examples, fewer than all
   */
  public static <T> TrainValidationSplit<T> atEnd(List<T> all, int valid) {
    requireLess(valid, all.size());
    int seam = all.size() - valid;
    return new TrainValidationSplit<>(all.subList(0, seam), all.subList(seam, all.size()));
  }

  /** Maps both parts. */
  public <U> TrainValidationSplit<U> map(Function<? super T, ? extends U> made) {
    return new TrainValidationSplit<>(
        train.stream().<U>map(made).toList(), valid.stream().<U>map(made).toList());
  }

  private static void requireLess(int valid, int all) {
    if (valid < 0 || valid >= all) {
      throw new IllegalArgumentException("cannot hold out " + valid + " of " + all + " examples");
    }
  }

  /**
   * Draws the validation part at random; both parts keep their order. The same seed gives the same
   * split.
   *
   * @param valid number of validation examples, fewer than all
   */
  public static <T> TrainValidationSplit<T> of(List<T> all, int valid, long seed) {
    requireLess(valid, all.size());
    BitSet isValid = new BitSet(all.size());
    int[] order = RandomOrder.shuffled(all.size(), new SplittableRandom(seed));
    for (int i = 0; i < valid; i++) {
      isValid.set(order[i]);
    }
    List<T> train = new ArrayList<>();
    List<T> validation = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      (isValid.get(i) ? validation : train).add(all.get(i));
    }
    return new TrainValidationSplit<>(train, validation);
  }
}
