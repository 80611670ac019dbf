package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.LogitTransform;

/**
 * The text model of a multimodal one, whose modules are below {@code model.language_model}. Images
 * are not supported.
 */
public final class NestedTransformer extends TransformerModel {
  private final LogitTransform logitTransform;

  /** Takes the modules of a text model. */
  NestedTransformer(TransformerModel text) {
    super(text.config(), text.transformer(), "language_model");
    logitTransform = text.logitTransform();
  }

  @Override
  public LogitTransform logitTransform() {
    return logitTransform;
  }
}
