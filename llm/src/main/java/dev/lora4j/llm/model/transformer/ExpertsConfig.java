package dev.lora4j.llm.model.transformer;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.GatedActivation;

/**
 * The sizes of {@link SparseExperts}.
 *
 * @param perToken number of experts that each token is sent to
 * @param intermediateSize of each expert
 * @param normalised whether the weights of a token's experts are divided by their sum
 */
public record ExpertsConfig(
    int experts,
    int perToken,
    int hiddenSize,
    int intermediateSize,
    boolean normalised,
    GatedActivation activation) {

  public ExpertsConfig {
    if (perToken > experts) {
      throw new UserError(
          "num_experts_per_tok = %d must not exceed num_experts = %d".formatted(perToken, experts));
    }
  }
}
