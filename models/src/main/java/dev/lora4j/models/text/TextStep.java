package dev.lora4j.models.text;

import dev.lora4j.row.CostModel;
import java.util.List;

/**
 * What one training step is made on.
 *
 * @param rows the rows, each of one example or several
 */
public record TextStep(List<List<Example>> rows) {
  public TextStep {
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** All examples, row after row. */
  public List<Example> examples() {
    return rows.stream().flatMap(List::stream).toList();
  }

  /** How many tokens carry loss: what the step's loss is to be divided by. */
  public int lossTokens() {
    return examples().stream().mapToInt(Example::lossTokens).sum();
  }

  /** How many tokens there are, those that several begin with counted for each. */
  public int tokens() {
    return examples().stream().mapToInt(Example::length).sum();
  }

  /** The same rows in pieces of so many; the last one may have fewer. */
  public List<TextStep> pieces(int rowsInPiece) {
    return TextSteps.cut(rows, rowsInPiece).stream().map(TextStep::new).toList();
  }

  /**
   * The step's examples in batches of about the same cost, at most one for each worker; those of a
   * row stay together. The same rows are dealt in the same way.
   */
  public List<PackedBatch> dealt(int workers) {
    return shares(workers).stream().map(PackedBatch::of).toList();
  }

  /** By cost, or neighbours in the order of their tokens, where these have more in common. */
  private List<List<Example>> shares(int workers) {
    List<List<Example>> byCost = sharesByCost(workers);
    if (rows.stream().anyMatch(row -> row.size() != 1)) {
      return byCost;
    }
    List<List<Example>> neighbours = new CommonBeginnings(examples()).dealt(workers);
    return dearest(neighbours) < dearest(byCost) ? neighbours : byCost;
  }

  private List<List<Example>> sharesByCost(int workers) {
    long[] costs = rows.stream().mapToLong(TextStep::cost).toArray();
    return Deal.byCost(costs, workers).stream()
        .filter(share -> !share.isEmpty())
        .map(share -> share.stream().flatMap(row -> rows.get(row).stream()).toList())
        .toList();
  }

  private static long dearest(List<List<Example>> shares) {
    return shares.stream().mapToLong(TextStep::cost).max().orElse(0);
  }

  /** Every token that is read costs, and every pair of tokens of an example a little. */
  private static long cost(List<Example> share) {
    long cost = new CommonBeginnings(share).length();
    for (Example example : share) {
      long length = example.length();
      cost += length * length / CostModel.ATTENTION_TOKENS_IN_TRAINING;
    }
    return cost;
  }
}
