package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Rows of tokens for a model, row after row in flat arrays of {@code rows * width}. Where several
 * examples stand in a row, positions begin anew with each, and what several of them begin with
 * stands once: a token sees those before it that do not end before it. What is left of a row is
 * padding.
 */
public final class PackedBatch {
  private final int rows;
  private final int width;
  private final boolean joined;
  private final int[] tokens;
  private final int[] positions;
  private final int[] ends;
  private final boolean[] padding;
  private final int[] places;
  private final int[] targets;
  private final int[] examples;
  private int predictions;

  private PackedBatch(List<List<Example>> rows, int width, int padToken) {
    this.rows = rows.size();
    this.width = width;
    joined = rows.stream().anyMatch(row -> row.size() > 1);
    tokens = new int[Math.multiplyExact(this.rows, width)];
    positions = new int[tokens.length];
    ends = new int[tokens.length];
    padding = new boolean[tokens.length];
    places = new int[rows.stream().flatMap(List::stream).mapToInt(Example::lossTokens).sum()];
    targets = new int[places.length];
    examples = new int[places.length];
    Arrays.fill(tokens, padToken);
  }

  /**
   * Lays out rows of examples.
   *
   * @param rows for each row, the examples in it
   * @param multiple the width is the longest row's length, rounded up to a multiple of this: few
   *     different shapes let the memory of one step serve the next
   * @param special where the padding token comes from: pad, else eos, else 0; it is never looked at
   */
  public static PackedBatch of(List<List<Example>> rows, int multiple, SpecialTokens special) {
    List<SharedBeginnings> laidOut = rows.stream().map(SharedBeginnings::of).toList();
    int longest = laidOut.stream().mapToInt(SharedBeginnings::length).max().orElse(0);
    int width = (longest + multiple - 1) / multiple * multiple;
    PackedBatch batch = new PackedBatch(rows, width, padToken(special));
    int example = 0;
    for (int row = 0; row < rows.size(); row++) {
      batch.fill(row, laidOut.get(row));
      for (int i = 0; i < rows.get(row).size(); i++) {
        batch.predict(row, laidOut.get(row), i, rows.get(row).get(i), example++);
      }
    }
    return batch;
  }

  private static int padToken(SpecialTokens special) {
    OptionalInt pad = special.pad().isPresent() ? special.pad() : special.eos();
    return pad.orElse(0);
  }

  private void fill(int row, SharedBeginnings content) {
    int at = row * width;
    for (int i = 0; i < content.length(); i++) {
      tokens[at + i] = content.token(i);
      positions[at + i] = content.position(i);
      ends[at + i] = content.end(i);
    }
    for (int i = content.length(); i < width; i++) {
      ends[at + i] = i + 1; // sees itself, since whoever attends has to see something
      padding[at + i] = true;
    }
  }

  private void predict(int row, SharedBeginnings content, int inRow, Example made, int number) {
    for (int i = 1; i < made.length(); i++) {
      if (made.carriesLoss(i)) {
        places[predictions] = row * width + content.place(inRow, i - 1);
        targets[predictions] = made.token(i);
        examples[predictions] = number;
        predictions++;
      }
    }
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Tokens in a row, padding included. */
  public int width() {
    return width;
  }

  /** Whether there is a row of several examples. */
  public boolean isJoined() {
    return joined;
  }

  /** The ids, {@code [rows * width]}; not to be written to. */
  public int[] tokens() {
    return tokens;
  }

  /** Each token's place in its example, {@code [rows * width]}; not to be written to. */
  public int[] positions() {
    return positions;
  }

  /**
   * For each token the place in its row before which those that follow see it, {@code [rows *
   * width]}; not to be written to.
   */
  public int[] ends() {
    return ends;
  }

  /** What only fills up a row, {@code [rows * width]}; not to be written to. */
  public boolean[] padding() {
    return padding;
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
   * Whose tokens they are, {@code [lossTokens]}: examples are counted from 0, row after row. Not to
   * be written to.
   */
  public int[] examples() {
    return examples;
  }
}
