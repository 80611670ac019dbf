package dev.lora4j.llm.dataset;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Samples the steps of an epoch. Each example is in exactly one step; the order differs from epoch
 * to epoch and follows from the seed.
 */
public final class BatchSampler {
  private final Function<SplittableRandom, List<GlobalBatch>> draw;
  private final long seed;

  private BatchSampler(Function<SplittableRandom, List<GlobalBatch>> draw, long seed) {
    this.draw = draw;
    this.seed = seed;
  }

  /**
   * Returns steps of packed rows.
   *
   * @param width length of a row; no example may be longer
   * @param rowsInStep rows in a step; the last one may have fewer
   */
  public static BatchSampler packed(List<Example> examples, int width, int rowsInStep, long seed) {
    List<Example> all = List.copyOf(examples);
    return new BatchSampler(random -> packedSteps(all, width, rowsInStep, random), seed);
  }

  /**
   * Returns steps with one example per row. Examples of similar length are in the same step: they
   * often share a prefix, and workers get equal amounts.
   *
   * @param examplesInStep examples in a step; one of them may have fewer
   */
  public static BatchSampler byLength(List<Example> examples, int examplesInStep, long seed) {
    return ofGroups(examples.stream().map(List::of).toList(), examplesInStep, seed);
  }

  /**
   * Returns steps with one group per row, such as the two answers of a preference pair; groups of
   * similar length are in the same step.
   *
   * @param groupsInStep groups in a step; one of them may have fewer
   */
  public static BatchSampler ofGroups(List<List<Example>> groups, int groupsInStep, long seed) {
    List<List<Example>> rows = List.copyOf(groups);
    return new BatchSampler(random -> stepsByLength(rows, groupsInStep, random), seed);
  }

  /** Returns the steps of an epoch, counted from 0. */
  public List<GlobalBatch> epoch(int epoch) {
    return draw.apply(new SplittableRandom(seed * 1_000_003 + epoch));
  }

  private static List<GlobalBatch> packedSteps(
      List<Example> examples, int width, int rowsInStep, SplittableRandom random) {
    List<Example> shuffled = LengthGroups.shuffled(examples, random);
    int[] lengths = shuffled.stream().mapToInt(Example::length).toArray();
    List<List<Example>> rows = new ArrayList<>();
    for (List<Integer> row : RowPacking.pack(lengths, width)) {
      rows.add(row.stream().map(shuffled::get).toList());
    }
    return LengthGroups.chunks(LengthGroups.shuffled(rows, random), rowsInStep).stream()
        .map(GlobalBatch::new)
        .toList();
  }

  private static List<GlobalBatch> stepsByLength(
      List<List<Example>> rows, int rowsInStep, SplittableRandom random) {
    return LengthGroups.steps(rows, BatchSampler::length, rowsInStep, random).stream()
        .map(GlobalBatch::new)
        .toList();
  }

  private static int length(List<Example> row) {
    return row.stream().mapToInt(Example::length).sum();
  }
}
