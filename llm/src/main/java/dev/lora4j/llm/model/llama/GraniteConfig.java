package dev.lora4j.llm.model.llama;

import dev.lora4j.UserError;

/**
 * The sizes and choices of a {@link Granite}, with factors of the embeddings, of the attention
 * scores instead of {@code 1/√D}, and of each residual branch, and the divisor of the logits.
 */
public record GraniteConfig(
    LlamaConfig llama,
    double embeddingMultiplier,
    double attentionMultiplier,
    double residualMultiplier,
    double logitsScaling) {

  public GraniteConfig {
    if (attentionMultiplier <= 0 || logitsScaling == 0) {
      throw new UserError(
          "attention_multiplier must be above 0 and logits_scaling not 0, found %s and %s"
              .formatted(attentionMultiplier, logitsScaling));
    }
  }
}
