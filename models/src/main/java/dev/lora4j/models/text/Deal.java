package dev.lora4j.models.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Deals work to workers so that all are busy about equally long. */
final class Deal {
  private Deal() {}

  /**
   * The greatest piece first, each to the worker that has least so far: no worker gets more than
   * 4/3 of what the best deal would give (Graham, 1969).
   *
   * @param costs of the pieces
   * @return for each worker, its pieces; empty for some where there are too few
   */
  static List<List<Integer>> byCost(long[] costs, int workers) {
    List<List<Integer>> dealt = new ArrayList<>();
    IntStream.range(0, workers).forEach(worker -> dealt.add(new ArrayList<>()));
    long[] load = new long[workers];
    Integer[] greatestFirst = new Integer[costs.length];
    Arrays.setAll(greatestFirst, i -> i);
    Arrays.sort(greatestFirst, Comparator.comparingLong((Integer i) -> costs[i]).reversed());
    for (Integer piece : greatestFirst) {
      int least = 0;
      for (int worker = 1; worker < workers; worker++) {
        if (load[worker] < load[least]) {
          least = worker;
        }
      }
      dealt.get(least).add(piece);
      load[least] += costs[piece];
    }
    return dealt;
  }
}
