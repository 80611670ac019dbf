package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.List;

/**
 * What one training step is made on.
 *
 * @param rows the rows, each of one example or several
 */
public record TextStep(List<List<Example>> rows) {
  /** Tokens whose attention costs as much as everything else that is done for a token. */
  private static final long ATTENTION_AS_DEAR = 4096;

  /** In a row of this length what is masked costs less than a tenth of the whole. */
  private static final int SHORT_ROW = 256;

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
    return shares(workers).stream().map(share -> PackedBatch.of(share, WIDTHS, special)).toList();
  }

  /** By cost, or neighbours in the order of their tokens, where these have more in common. */
  private List<List<List<Example>>> shares(int workers) {
    List<List<List<Example>>> byCost = sharesByCost(workers);
    if (putTogether(rows)) {
      return byCost;
    }
    List<List<List<Example>>> neighbours =
        new CommonBeginnings(examples(rows))
            .dealt(workers).stream().map(TextStep::withLeastPadding).toList();
    return busiest(neighbours) < busiest(byCost) ? neighbours : byCost;
  }

  private List<List<List<Example>>> sharesByCost(int workers) {
    long[] costs = rows.stream().mapToLong(TextStep::cost).toArray();
    return Deal.byCost(costs, workers).stream()
        .filter(share -> !share.isEmpty())
        .map(share -> share.stream().map(rows::get).toList())
        .map(share -> putTogether(share) ? share : withLeastPadding(examples(share)))
        .toList();
  }

  /** Whether there are several examples in a row on purpose. */
  private static boolean putTogether(List<List<Example>> rows) {
    return rows.stream().anyMatch(row -> row.size() != 1);
  }

  private static List<Example> examples(List<List<Example>> rows) {
    return rows.stream().flatMap(List::stream).toList();
  }

  /**
   * Examples of one share in rows: those together that begin alike, and short ones as one row where
   * that means less padding.
   */
  private static List<List<Example>> withLeastPadding(List<Example> share) {
    List<List<Example>> families = new CommonBeginnings(share).families(ATTENTION_AS_DEAR);
    int[] lengths = families.stream().mapToInt(TextStep::length).toArray();
    int longest = Arrays.stream(lengths).max().orElse(0);
    List<List<Example>> joined =
        RowPacking.pack(lengths, Math.max(longest, SHORT_ROW)).stream()
            .map(row -> row.stream().flatMap(i -> families.get(i).stream()).toList())
            .toList();
    return padded(joined) < padded(families) ? joined : families;
  }

  private static long busiest(List<List<List<Example>>> shares) {
    return shares.stream().mapToLong(TextStep::padded).max().orElse(0);
  }

  /** How many places a batch of these rows has. */
  private static long padded(List<List<Example>> rows) {
    int widest = rows.stream().mapToInt(TextStep::length).max().orElse(0);
    int width = (widest + WIDTHS - 1) / WIDTHS * WIDTHS;
    return (long) rows.size() * width;
  }

  private static int length(List<Example> row) {
    return new CommonBeginnings(row).length();
  }

  /** Every token costs, and every pair of tokens of an example a little. */
  private static long cost(List<Example> row) {
    long cost = length(row);
    for (Example example : row) {
      long length = example.length();
      cost += length * length / ATTENTION_AS_DEAR;
    }
    return cost;
  }
}
