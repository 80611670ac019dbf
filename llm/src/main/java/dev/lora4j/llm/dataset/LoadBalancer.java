package dev.lora4j.llm.dataset;

import dev.lora4j.llm.model.PrefixTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Divides work among workers so that all take about equally long. */
public final class LoadBalancer {
  private LoadBalancer() {}

  /**
   * Assigns the most expensive piece first, each to the worker with the least load. No load exceeds
   * 4/3 of the optimum (Graham, 1969).
   *
   * @param costs cost of each piece
   * @return the pieces of each worker; possibly none
   */
  public static List<List<Integer>> byCost(long[] costs, int workers) {
    List<List<Integer>> shards = new ArrayList<>();
    IntStream.range(0, workers).forEach(worker -> shards.add(new ArrayList<>()));
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
      shards.get(least).add(piece);
      load[least] += costs[piece];
    }
    return shards;
  }

  /**
   * Keeps sequences with shared prefixes together: consecutive runs of the sorted sequences, the
   * longest run as short as possible.
   *
   * @return the sequences of at most {@code workers} workers, at least one each
   */
  static List<List<Integer>> byPrefix(PrefixTree tree, int workers) {
    long low = 0;
    long high = 0;
    for (int rank = 0; rank < tree.sequences(); rank++) {
      low = Math.max(low, tree.lengthAt(rank));
      high += tree.lengthAt(rank);
    }
    while (low < high) {
      long limit = (low + high) / 2;
      if (runs(tree, limit).size() <= workers) {
        high = limit;
      } else {
        low = limit + 1;
      }
    }
    return runs(tree, high);
  }

  private static List<List<Integer>> runs(PrefixTree tree, long limit) {
    List<List<Integer>> runs = new ArrayList<>();
    long length = 0; // of the last run
    for (int rank = 0; rank < tree.sequences(); rank++) {
      int suffix = tree.lengthAt(rank) - tree.sharedAt(rank);
      boolean opens = runs.isEmpty() || length + suffix > limit;
      if (opens) {
        runs.add(new ArrayList<>());
      }
      runs.get(runs.size() - 1).add(tree.sequenceAt(rank));
      length = opens ? tree.lengthAt(rank) : length + suffix;
    }
    return runs;
  }
}
