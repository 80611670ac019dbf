package dev.lora4j.llm.dataset;

import dev.lora4j.nn.runtime.CostModel;
import java.util.List;

/**
 * The global batch of a step.
 *
 * @param rows rows of one example or several packed ones
 */
public record GlobalBatch(List<List<Example>> rows) {
  public GlobalBatch {
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** Returns all examples, row after row. */
  public List<Example> examples() {
    return rows.stream().flatMap(List::stream).toList();
  }

  /** Returns the number of loss tokens. */
  public int lossTokens() {
    return examples().stream().mapToInt(Example::lossTokens).sum();
  }

  /** Returns the number of tokens; shared prefixes count for each example. */
  public int tokens() {
    return examples().stream().mapToInt(Example::length).sum();
  }

  /** Splits into batches of this number of rows; the last one may have fewer. */
  public List<GlobalBatch> batches(int rowsInBatch) {
    return LengthGroups.chunks(rows, rowsInBatch).stream().map(GlobalBatch::new).toList();
  }

  /**
   * Divides the step into micro-batches of similar cost, at most one for each worker. A row stays
   * whole. The same rows give the same micro-batches.
   */
  public List<MicroBatch> shard(int workers) {
    return shares(workers).stream().map(MicroBatch::of).toList();
  }

  /** Divides by cost, or by shared prefixes if that is less work. */
  private List<List<Example>> shares(int workers) {
    List<List<Example>> byCost = sharesByCost(workers);
    if (rows.stream().anyMatch(row -> row.size() != 1)) {
      return byCost;
    }
    List<List<Example>> byPrefix = sharesByPrefix(workers);
    return greatestCost(byPrefix) < greatestCost(byCost) ? byPrefix : byCost;
  }

  private List<List<Example>> sharesByCost(int workers) {
    long[] costs = rows.stream().mapToLong(GlobalBatch::cost).toArray();
    return LoadBalancer.byCost(costs, workers).stream()
        .filter(share -> !share.isEmpty())
        .map(share -> share.stream().flatMap(row -> rows.get(row).stream()).toList())
        .toList();
  }

  private List<List<Example>> sharesByPrefix(int workers) {
    List<Example> examples = examples();
    return LoadBalancer.byPrefix(MicroBatch.layout(examples), workers).stream()
        .map(share -> share.stream().map(examples::get).toList())
        .toList();
  }

  private static long greatestCost(List<List<Example>> shares) {
    return shares.stream().mapToLong(GlobalBatch::cost).max().orElse(0);
  }

  /** Estimates the cost: one for each computed token, plus the quadratic part of attention. */
  private static long cost(List<Example> share) {
    long cost = MicroBatch.layout(share).size();
    for (Example example : share) {
      long length = example.length();
      cost += length * length / CostModel.ATTENTION_TOKENS_IN_TRAINING;
    }
    return cost;
  }
}
