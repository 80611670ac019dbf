package dev.lora4j.models.text;

import java.util.List;

/**
 * What one training step is made on.
 *
 * @param rows the rows, each of one example or several
 */
public record TextStep(List<List<Example>> rows) {
  /** Tokens whose attention costs as much as everything else that is done for a token. */
  private static final long ATTENTION_AS_DEAR = 4096;

  /** Widths are rounded up to a multiple of this. */
  private static final int WIDTHS = 16;

  public TextStep {
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** How many tokens carry loss: what the step's loss is to be divided by. */
  public int lossTokens() {
    return rows.stream().flatMap(List::stream).mapToInt(Example::lossTokens).sum();
  }

  /** How many tokens there are, padding not counted. */
  public int tokens() {
    return rows.stream().flatMap(List::stream).mapToInt(Example::length).sum();
  }

  /** The same rows in pieces of so many; the last one may have fewer. */
  public List<TextStep> pieces(int rowsInPiece) {
    return TextSteps.cut(rows, rowsInPiece).stream().map(TextStep::new).toList();
  }

  /**
   * The step's rows in batches of about the same cost, at most one for each worker. The same rows
   * are dealt in the same way.
   */
  public List<PackedBatch> dealt(int workers, SpecialTokens special) {
    long[] costs = rows.stream().mapToLong(TextStep::cost).toArray();
    return Deal.byCost(costs, workers).stream()
        .filter(share -> !share.isEmpty())
        .map(share -> PackedBatch.of(share.stream().map(rows::get).toList(), WIDTHS, special))
        .toList();
  }

  /** Every token costs, and every pair of tokens of an example a little. */
  private static long cost(List<Example> row) {
    long cost = 0;
    for (Example example : row) {
      long length = example.length();
      cost += length + length * length / ATTENTION_AS_DEAR;
    }
    return cost;
  }
}
