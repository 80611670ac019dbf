package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.LogitTransform;

/** Granite 3 and 4, dense: a Llama with factors of embeddings, scores, branches and logits. */
public final class Granite extends Llama {
  private final LogitTransform logitTransform;

  public Granite(GraniteConfig config) {
    super(
        config.llama(),
        Differences.none(config.llama())
            .multipliers(
                config.embeddingMultiplier(),
                config.attentionMultiplier(),
                config.residualMultiplier(),
                config.llama().headDim()));
    logitTransform = LogitTransform.dividedBy(config.logitsScaling());
  }

  @Override
  public LogitTransform logitTransform() {
    return logitTransform;
  }
}
