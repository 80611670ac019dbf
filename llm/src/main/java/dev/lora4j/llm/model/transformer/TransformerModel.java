package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.TokenBatch;

/** A language model that consists of a {@link Transformer} and an output projection. */
public abstract class TransformerModel extends LanguageModel implements DecoderModules.Owner {
  private final Transformer model;

  protected TransformerModel(LanguageModelConfig config, Transformer model) {
    super(config);
    this.model = model;
    child("model", model);
    addOutputProjection(model.embedding());
  }

  /** A model whose transformer is a child of the module {@code model}. */
  TransformerModel(LanguageModelConfig config, Transformer model, String name) {
    super(config);
    this.model = model;
    DecoderBlock parent = new DecoderBlock();
    parent.graft(name, model);
    child("model", parent);
    addOutputProjection(model.embedding());
  }

  final Transformer transformer() {
    return model;
  }

  @Override
  public final LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
    return model.layerwise(tokens, attention);
  }

  @Override
  public final DecoderModules modules() {
    return model.modules(this);
  }

  @Override
  public final void close() {
    super.close();
    model.closeRopes();
  }
}
