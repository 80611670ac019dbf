package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.LogitTransform;

/** Granite 3 and 4, dense: a Llama with factors of embeddings, scores, branches and logits. */
public final class Granite extends Llama {
  private final LogitTransform logitTransform;

  public Granite(GraniteConfig config) {
    super(config.llama(), multipliers(config));
    logitTransform = LogitTransform.dividedBy(config.logitsScaling());
  }

  private static Multipliers multipliers(GraniteConfig config) {
    // Attention divides q · k by √D: rotations by √(multiplier · √D) leave the multiplier.
    double rotations =
        Math.sqrt(config.attentionMultiplier() * Math.sqrt(config.llama().headDim()));
    return new Multipliers(config.embeddingMultiplier(), rotations, config.residualMultiplier());
  }

  @Override
  public LogitTransform logitTransform() {
    return logitTransform;
  }
}
