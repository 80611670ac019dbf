package dev.lora4j.llm.embedding;

import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A causal language model as the network of an embedder; a batch is packed into one row.
 *
 * @param owner closed with this object, if there is one
 */
record DecoderBackbone(LanguageModel model, Optional<Pretrained> owner) implements Backbone {

  /** The network of a model, which is closed with this object. */
  static DecoderBackbone of(Pretrained base) {
    return new DecoderBackbone(base.model(), Optional.of(base));
  }

  @Override
  public Module root() {
    return model;
  }

  @Override
  public int dimensions() {
    return model.config().hiddenSize();
  }

  @Override
  public int maxPositions() {
    return model.maxPositions();
  }

  /** Texts of one row have the same adapter. */
  @Override
  public boolean mixes(LoraModel adapted, List<String> adapters) {
    return false;
  }

  @Override
  public Tensor pooled(List<TokenSequence> batch, TokenPooling pooling) {
    PackedTexts packed = PackedTexts.of(batch);
    if (pooling == TokenPooling.LAST_TOKEN) {
      return packed.lastHidden(model);
    }
    Tensor hidden = packed.hidden(model); // [tokens, H]
    List<Tensor> pooled = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Tensor text = hidden.index_select(0, packed.places(i, hidden));
      pooled.add(pooling.pool(text.unsqueeze(0)).select(0, 0));
    }
    return torch.stack(new TensorVector(pooled.toArray(Tensor[]::new)));
  }

  @Override
  public Tensor pooled(
      List<TokenSequence> batch, TokenPooling pooling, LoraModel adapted, List<String> adapters) {
    throw new UnsupportedOperationException("texts of one row have the same adapter");
  }

  @Override
  public void close() {
    owner.ifPresent(Pretrained::close);
  }
}
