package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.List;

/**
 * Tokens for a model, row after row in flat arrays of {@code rows * width}. Examples of one length
 * that have no beginning in common are rows. All others stand side by side in a single row:
 * positions begin anew with each, and what several of them begin with stands once; a token sees
 * those before it that do not end before it. There is no padding.
 */
public final class PackedBatch {
  private final SharedBeginnings laidOut;
  private final int rows;
  private final int[] ends;
  private final int[] places;
  private final int[] targets;
  private final int[] examples;
  private int predictions;

  private PackedBatch(SharedBeginnings laidOut, int rows, int lossTokens) {
    this.laidOut = laidOut;
    this.rows = rows;
    ends = rows == 1 ? laidOut.ends() : ofWholeRows();
    places = new int[lossTokens];
    targets = new int[lossTokens];
    examples = new int[lossTokens];
  }

  /**
   * Lays out examples.
   *
   * @param examples at least one
   */
  public static PackedBatch of(List<Example> examples) {
    SharedBeginnings laidOut = SharedBeginnings.of(examples);
    int lossTokens = examples.stream().mapToInt(Example::lossTokens).sum();
    PackedBatch batch = new PackedBatch(laidOut, rows(examples, laidOut), lossTokens);
    for (int i = 0; i < examples.size(); i++) {
      batch.predict(i, examples.get(i));
    }
    return batch;
  }

  private int[] ofWholeRows() {
    int[] all = new int[tokens().length];
    Arrays.fill(all, width());
    return all;
  }

  private static int rows(List<Example> examples, SharedBeginnings laidOut) {
    int length = examples.get(0).length();
    boolean areRows =
        examples.stream().allMatch(example -> example.length() == length)
            && laidOut.tokens().length == (long) length * examples.size();
    return areRows ? examples.size() : 1;
  }

  private void predict(int number, Example example) {
    for (int i = 1; i < example.length(); i++) {
      if (example.carriesLoss(i)) {
        places[predictions] = laidOut.place(number, i - 1);
        targets[predictions] = example.token(i);
        examples[predictions] = number;
        predictions++;
      }
    }
  }

  /** How many examples there are. */
  public int exampleCount() {
    return laidOut.examples();
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Tokens in a row. */
  public int width() {
    return tokens().length / rows;
  }

  /** Whether there is one row of several examples. */
  public boolean isJoined() {
    return rows == 1 && exampleCount() > 1;
  }

  /** The ids, {@code [rows * width]}; not to be written to. */
  public int[] tokens() {
    return laidOut.tokens();
  }

  /** Each token's place in its example, {@code [rows * width]}; not to be written to. */
  public int[] positions() {
    return laidOut.positions();
  }

  /**
   * For each token the place in its row before which those that follow see it, {@code [rows *
   * width]}; not to be written to.
   */
  public int[] ends() {
    return ends;
  }

  /** How many tokens carry loss; each is a prediction. */
  public int lossTokens() {
    return places.length;
  }

  /**
   * From where each token that carries loss is predicted, {@code [lossTokens]}, as a place in the
   * flat arrays; the same one for several where examples begin alike. Not to be written to.
   */
  public int[] places() {
    return places;
  }

  /** What is to be predicted, {@code [lossTokens]}; not to be written to. */
  public int[] targets() {
    return targets;
  }

  /**
   * Whose tokens they are, {@code [lossTokens]}, by the place among the examples given. Not to be
   * written to.
   */
  public int[] examples() {
    return examples;
  }
}
