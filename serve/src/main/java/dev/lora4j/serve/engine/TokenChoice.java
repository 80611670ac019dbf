package dev.lora4j.serve.engine;

import dev.lora4j.llm.generate.Sampling;
import java.util.Map;

/**
 * The choice of each token of a completion, with OpenAI's adjustments of the logits.
 *
 * @param sampling temperature, top-k, top-p, min-p, repetition penalty and seed
 * @param presencePenalty subtracted from the logits of tokens that the completion contains
 * @param frequencyPenalty subtracted for each occurrence of a token in the completion
 * @param bias added to the logits of these tokens
 * @param topLogProbs number of most probable tokens to report with each token; −1 for none at all
 */
public record TokenChoice(
    Sampling sampling,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Double> bias,
    int topLogProbs) {
  public TokenChoice {
    bias = Map.copyOf(bias);
  }

  /** Plain sampling without adjustments. */
  public static TokenChoice of(Sampling sampling) {
    return new TokenChoice(sampling, 0, 0, Map.of(), -1);
  }
}
