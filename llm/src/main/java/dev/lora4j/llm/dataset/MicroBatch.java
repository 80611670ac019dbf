package dev.lora4j.llm.dataset;

import dev.lora4j.llm.model.PrefixTree;
import java.util.List;

/**
 * Examples that one worker computes together. Examples of one length without a common prefix are
 * rows. All others share a single row, laid out as a {@link PrefixTree}. There is no padding.
 */
public final class MicroBatch {
  private final List<Example> examples;
  private final PrefixTree layout;
  private final int rows;
  private final int[] positions;
  private final int[] targets;
  private final int[] owners;
  private int losses;

  private MicroBatch(List<Example> examples) {
    this.examples = List.copyOf(examples);
    layout = layout(examples);
    rows = rows(examples, layout);
    int lossTokens = examples.stream().mapToInt(Example::lossTokens).sum();
    positions = new int[lossTokens];
    targets = new int[lossTokens];
    owners = new int[lossTokens];
    for (int i = 0; i < examples.size(); i++) {
      addLosses(i, examples.get(i));
    }
  }

  /**
   * Lays out examples.
   *
   * @param examples at least one
   */
  public static MicroBatch of(List<Example> examples) {
    return new MicroBatch(examples);
  }

  static PrefixTree layout(List<Example> examples) {
    return PrefixTree.of(examples.stream().map(Example::tokens).toList());
  }

  private static int rows(List<Example> examples, PrefixTree layout) {
    int length = examples.get(0).length();
    boolean areRows =
        examples.stream().allMatch(example -> example.length() == length)
            && layout.size() == (long) length * examples.size();
    return areRows ? examples.size() : 1;
  }

  private void addLosses(int number, Example example) {
    for (int i = 1; i < example.length(); i++) {
      if (example.carriesLoss(i)) {
        positions[losses] = layout.place(number, i - 1);
        targets[losses] = example.token(i);
        owners[losses] = number;
        losses++;
      }
    }
  }

  /** Returns the examples in the given order. */
  public List<Example> examples() {
    return examples;
  }

  /** Returns the number of rows. */
  public int rows() {
    return rows;
  }

  /** Returns the number of tokens in a row. */
  public int width() {
    return layout.size() / rows;
  }

  /** Returns whether several examples share one row. */
  public boolean isJoined() {
    return rows == 1 && examples.size() > 1;
  }

  /** Returns the tokens of all rows, row after row, with their position ids. */
  public PrefixTree layout() {
    return layout;
  }

  /** Returns the number of loss tokens. */
  public int numLossTokens() {
    return targets.length;
  }

  /**
   * Returns the indices in the layout from which the loss tokens are predicted, {@code
   * [numLossTokens]}, example after example. Examples with a common prefix may repeat one. Read
   * only.
   */
  public int[] lossPositions() {
    return positions;
  }

  /** Returns the loss tokens, {@code [numLossTokens]}; read only. */
  public int[] targets() {
    return targets;
  }

  /**
   * Returns the index in {@link #examples} of the example of each loss token, {@code
   * [numLossTokens]}; read only.
   */
  public int[] owners() {
    return owners;
  }
}
