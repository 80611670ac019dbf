package dev.lora4j.llm.dataset;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;

/** Steps of rows of similar length, in random order. */
public final class LengthGroups {
  /** Number of steps among whose rows those of similar length are grouped. */
  private static final int SORTED_TOGETHER = 32;

  private LengthGroups() {}

  /**
   * Divides rows into the steps of an epoch; each row is in exactly one.
   *
   * @param rowsInStep rows in a step; one of them may have fewer
   * @param random determines the steps and their order
   */
  public static <T> List<List<T>> steps(
      List<T> rows, ToIntFunction<T> length, int rowsInStep, SplittableRandom random) {
    List<List<T>> steps = new ArrayList<>();
    int sortedTogether = Math.multiplyExact(SORTED_TOGETHER, rowsInStep);
    for (List<T> group : chunks(shuffled(rows, random), sortedTogether)) {
      List<T> sorted = new ArrayList<>(group);
      sorted.sort(Comparator.comparingInt(length));
      steps.addAll(chunks(sorted, rowsInStep));
    }
    return shuffled(steps, random);
  }

  static <T> List<T> shuffled(List<T> items, SplittableRandom random) {
    List<T> out = new ArrayList<>(items.size());
    for (int index : RandomOrder.shuffled(items.size(), random)) {
      out.add(items.get(index));
    }
    return out;
  }

  /** Divides a list into parts of this size; the last one may be smaller. */
  public static <T> List<List<T>> chunks(List<T> items, int size) {
    List<List<T>> parts = new ArrayList<>();
    for (int from = 0; from < items.size(); from += size) {
      parts.add(items.subList(from, Math.min(items.size(), from + size)));
    }
    return parts;
  }
}
