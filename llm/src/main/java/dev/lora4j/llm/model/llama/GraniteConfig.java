package dev.lora4j.llm.model.llama;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.transformer.TransformerConfig;

/**
 * The sizes and architecture options of a {@link Granite} model.
 *
 * @param llama those that it shares with a Llama
 * @param embeddingMultiplier factor of the embeddings
 * @param attentionMultiplier factor of the attention scores, instead of {@code 1/√D}
 * @param residualMultiplier factor of each branch before it is added to the residual stream
 * @param logitsScaling divisor of the logits
 */
public record GraniteConfig(
    TransformerConfig llama,
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
