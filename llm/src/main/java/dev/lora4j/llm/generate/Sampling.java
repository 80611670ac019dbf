package dev.lora4j.llm.generate;

import dev.lora4j.UserError;

/**
 * The choice of the next token from the model's logits. The settings apply in transformers' order:
 * repetition penalty, temperature, top-k, top-p, min-p; then a token is drawn with the remaining
 * probabilities.
 *
 * @param temperature divisor of the logits; 0 for greedy decoding
 * @param topK number of most probable tokens to keep; 0 for all
 * @param topP cumulative probability of the most probable tokens to keep; 1 for all
 *     (arXiv:1904.09751, §3.1)
 * @param minP least probability of a token to keep, relative to the most probable one; 0 for all
 *     (arXiv:2407.01082)
 * @param repetitionPenalty divisor of the positive logits, and factor of the negative ones, of
 *     tokens that occurred, in the prompt too; 1 for none (arXiv:1909.05858, §4.1)
 */
public record Sampling(
    double temperature, int topK, double topP, double minP, double repetitionPenalty, long seed) {

  public Sampling {
    check(temperature >= 0 && Double.isFinite(temperature), "temperature", "at least 0");
    check(topK >= 0, "top_k", "at least 0");
    check(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1");
    check(minP >= 0 && minP <= 1, "min_p", "between 0 and 1");
    check(
        repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
        "repetition_penalty",
        "above 0");
  }

  private static void check(boolean holds, String name, String expected) {
    if (!holds) {
      throw new UserError(name + " must be " + expected);
    }
  }

  /** Greedy decoding: the most probable token. */
  public static Sampling greedy() {
    return new Sampling(0, 0, 1, 0, 1, 0);
  }

  /** Sampling with this temperature. */
  public static Sampling temperature(double temperature) {
    return new Sampling(temperature, 0, 1, 0, 1, 0);
  }

  public Sampling topK(int k) {
    return new Sampling(temperature, k, topP, minP, repetitionPenalty, seed);
  }

  public Sampling topP(double p) {
    return new Sampling(temperature, topK, p, minP, repetitionPenalty, seed);
  }

  public Sampling minP(double p) {
    return new Sampling(temperature, topK, topP, p, repetitionPenalty, seed);
  }

  public Sampling repetitionPenalty(double penalty) {
    return new Sampling(temperature, topK, topP, minP, penalty, seed);
  }

  public Sampling seed(long seed) {
    return new Sampling(temperature, topK, topP, minP, repetitionPenalty, seed);
  }

  /** Returns whether the choice is deterministic, as in greedy decoding. */
  public boolean isGreedy() {
    return temperature == 0 || topK == 1;
  }
}
