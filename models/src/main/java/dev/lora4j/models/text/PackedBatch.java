package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Rows of tokens for a model, row after row in flat arrays of {@code rows * width}. Where several
 * examples stand in a row, each is a segment of its own: a token must attend to its segment alone,
 * and positions begin anew. What is left of a row is padding.
 */
public final class PackedBatch {
  /** The segment of padding; those of examples count from 1 in each row. */
  public static final int PADDING = 0;

  private final int rows;
  private final int width;
  private final int[] tokens;
  private final int[] positions;
  private final int[] segments;
  private final boolean[] loss;
  private int lossTokens;

  private PackedBatch(int rows, int width, int padToken) {
    this.rows = rows;
    this.width = width;
    tokens = new int[Math.multiplyExact(rows, width)];
    positions = new int[tokens.length];
    segments = new int[tokens.length];
    loss = new boolean[tokens.length];
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
    int longest = rows.stream().mapToInt(PackedBatch::length).max().orElse(0);
    int width = (longest + multiple - 1) / multiple * multiple;
    PackedBatch batch = new PackedBatch(rows.size(), width, padToken(special));
    for (int row = 0; row < rows.size(); row++) {
      batch.fill(row, rows.get(row));
    }
    return batch;
  }

  private static int length(List<Example> row) {
    return row.stream().mapToInt(Example::length).sum();
  }

  private static int padToken(SpecialTokens special) {
    OptionalInt pad = special.pad().isPresent() ? special.pad() : special.eos();
    return pad.orElse(0);
  }

  private void fill(int row, List<Example> examples) {
    int at = row * width;
    int segment = PADDING + 1;
    for (Example example : examples) {
      example.copyTokens(tokens, at);
      example.copyLoss(loss, at);
      for (int i = 0; i < example.length(); i++) {
        positions[at + i] = i;
        segments[at + i] = segment;
      }
      lossTokens += example.lossTokens();
      at += example.length();
      segment++;
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

  /** The ids, {@code [rows * width]}; not to be written to. */
  public int[] tokens() {
    return tokens;
  }

  /** Each token's place in its example, {@code [rows * width]}; not to be written to. */
  public int[] positions() {
    return positions;
  }

  /** Each token's segment in its row, {@code [rows * width]}; not to be written to. */
  public int[] segments() {
    return segments;
  }

  /**
   * Which tokens carry loss, {@code [rows * width]}; not to be written to. The prediction of such a
   * token stands one place before it, always in the same segment.
   */
  public boolean[] loss() {
    return loss;
  }

  /** How many tokens carry loss. */
  public int lossTokens() {
    return lossTokens;
  }
}
