package dev.lora4j.llm.gate;

import java.util.List;

/** The loss of DPO on preference pairs, of the log-likelihoods of whole answers. */
final class PairLoss {
  /** The loss of the reference itself: both answers are equally likely relative to it. */
  static final double BEFORE = Math.log(2);

  private PairLoss() {}

  /**
   * @param policy {@code −log p} of each answer with the adapter, the chosen one of each pair first
   * @param reference the same without the adapter
   */
  static double mean(List<Double> policy, List<Double> reference, double beta) {
    double sum = 0;
    int pairs = policy.size() / 2;
    for (int pair = 0; pair < pairs; pair++) {
      double chosen = reference.get(2 * pair) - policy.get(2 * pair);
      double rejected = reference.get(2 * pair + 1) - policy.get(2 * pair + 1);
      double z = beta * (chosen - rejected);
      sum += Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z))); // −log σ(z)
    }
    return sum / pairs;
  }
}
