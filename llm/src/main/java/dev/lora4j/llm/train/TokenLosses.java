package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.llm.train.ChunkedCrossEntropy.TokenScores;
import dev.lora4j.nn.kernel.Ops;

/** The losses of a micro-batch's tokens, {@code −log p} each. */
public final class TokenLosses {
  private final MicroBatch batch;
  private final float[] policy;
  private final float[] correct;
  private final float[] reference;
  private final double baseline;

  TokenLosses(MicroBatch batch, TokenScores policy, float[] reference, double baseline) {
    this.batch = batch;
    this.policy = Ops.floats(policy.losses());
    correct = Ops.floats(policy.correct());
    this.reference = reference;
    this.baseline = baseline;
  }

  public MicroBatch batch() {
    return batch;
  }

  /** Number of loss tokens. */
  public int count() {
    return policy.length;
  }

  /** A token's loss under the model with the adapter. */
  public float policy(int token) {
    return policy[token];
  }

  /** Returns whether a token is the most probable one under the model with the adapter. */
  public boolean isCorrect(int token) {
    return correct[token] > 0;
  }

  /** A token's {@code log π/ref}, for an objective that needs the reference. */
  public double logRatio(int token) {
    return (double) reference[token] - policy[token];
  }

  /** The mean log-ratio of the whole batch's {@link Objective#baselineExamples}; 0 without any. */
  public double baseline() {
    return baseline;
  }

  /** {@code log π/ref} of each example: the sum over its tokens. */
  public double[] logRatios() {
    double[] sums = new double[batch.examples().size()];
    for (int n = 0; n < count(); n++) {
      sums[batch.owners()[n]] += logRatio(n);
    }
    return sums;
  }
}
