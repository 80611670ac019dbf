package dev.lora4j.llm.dataset;

import java.util.Arrays;

/**
 * A training example: token ids with a label mask. A token is a loss token if its prediction from
 * the preceding tokens contributes to the loss; the first token never does. Immutable.
 */
public final class Example {
  private final int[] tokens;
  private final boolean[] loss;
  private final int lossTokens;
  private final double score;

  private Example(int[] tokens, boolean[] loss, double score) {
    this.tokens = tokens;
    this.loss = loss;
    this.score = score;
    int count = 0;
    for (boolean one : loss) {
      count += one ? 1 : 0;
    }
    this.lossTokens = count;
  }

  /**
   * Creates an example.
   *
   * @param tokens {@code [length]}
   * @param loss {@code [length]}, the label mask; the first is taken as false
   */
  public static Example of(int[] tokens, boolean[] loss) {
    if (tokens.length != loss.length) {
      throw new IllegalArgumentException(
          "expected a label mask of the length of the tokens, "
              + tokens.length
              + ", found "
              + loss.length);
    }
    boolean[] marks = loss.clone();
    if (marks.length > 0) {
      marks[0] = false;
    }
    return new Example(tokens.clone(), marks, 0);
  }

  /** Returns an example in which all tokens but the first are loss tokens. */
  static Example everyToken(int[] tokens) {
    boolean[] loss = new boolean[tokens.length];
    Arrays.fill(loss, true);
    return of(tokens, loss);
  }

  /** Returns the first tokens as an example. */
  Example first(int count) {
    return new Example(Arrays.copyOf(tokens, count), Arrays.copyOf(loss, count), score);
  }

  /** Returns this example with a score. */
  public Example withScore(double value) {
    return new Example(tokens, loss, value);
  }

  /** Returns the value that the data gives the objective, such as a reward; 0 unless set. */
  public double score() {
    return score;
  }

  /** Returns the number of tokens. */
  public int length() {
    return tokens.length;
  }

  /** Returns the number of loss tokens. */
  public int lossTokens() {
    return lossTokens;
  }

  /** Returns the token at an index. */
  public int token(int index) {
    return tokens[index];
  }

  /** Returns whether the token at an index is a loss token. */
  public boolean carriesLoss(int index) {
    return loss[index];
  }

  /** Returns a copy of the ids. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** Returns a copy of the label mask. */
  public boolean[] loss() {
    return loss.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Example that
        && Arrays.equals(tokens, that.tokens)
        && Arrays.equals(loss, that.loss)
        && score == that.score;
  }

  @Override
  public int hashCode() {
    return 31 * (31 * Arrays.hashCode(tokens) + Arrays.hashCode(loss)) + Double.hashCode(score);
  }

  @Override
  public String toString() {
    return "Example of " + tokens.length + " tokens, " + lossTokens + " with loss";
  }
}
