package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Everything of a decoder-only model but the output projection. */
public final class Transformer extends DecoderBlock {
  private final double embeddingMultiplier;
  private final Embedding embedding;
  private final Slot embedTokens;
  private final List<TransformerLayer> layers = new ArrayList<>();
  private final Slot norm;
  private final Parameter activations; // has their dtype and device, however weights are stored
  private final Set<Rope> ropes;
  private final Set<OptionalLong> windows;

  /**
   * @param embeddingMultiplier factor of the embeddings
   * @param layer makes a layer by its number, from 0 on
   */
  public Transformer(
      LanguageModelConfig c,
      double embeddingMultiplier,
      NormConfig norms,
      IntFunction<TransformerLayer> layer) {
    this.embeddingMultiplier = embeddingMultiplier;
    embedding = new Embedding(c.vocabularySize(), c.hiddenSize());
    embedTokens = child("embed_tokens", embedding);
    for (int i = 0; i < c.layers(); i++) {
      layers.add(layer.apply(i));
    }
    child("layers", new DecoderBlock(layers.toArray(Module[]::new)));
    RmsNorm last = norms.create(c.hiddenSize());
    norm = child("norm", last);
    activations = last.scale().orElseThrow();
    ropes =
        layers.stream()
            .flatMap(each -> each.attention().rope().stream())
            .collect(Collectors.toUnmodifiableSet());
    windows =
        layers.stream()
            .map(TransformerLayer::attention)
            .map(SelfAttention::rule)
            .map(AttentionRule::window)
            .collect(Collectors.toUnmodifiableSet());
  }

  Embedding embedding() {
    return embedding;
  }

  LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
    Map<Rope, Rope.Rotations> rotations = new HashMap<>();
    ropes.forEach(rope -> rotations.put(rope, rope.rotations(attention, activations.value())));
    ForwardPass pass = new ForwardPass(attention, rotations);
    return new LayerwiseForward(
        () -> embed(tokens, attention),
        layers.stream()
            .<LayerwiseForward.Layer>map(layer -> (x, selected) -> layer.forward(x, pass, selected))
            .toList(),
        norm::forward);
  }

  private Tensor embed(TokenBatch tokens, AttentionContext attention) {
    attention.prepare(windows, activations.value());
    Tensor x = embedTokens.forward(tokens.inputIds()); // [B, T, H]
    return embeddingMultiplier == 1 ? x : x.mul(new Scalar(embeddingMultiplier));
  }

  DecoderModules modules(TransformerModel owner) {
    return new DecoderModules(
        embedTokens,
        embeddingMultiplier,
        layers.stream().map(TransformerLayer::modules).toList(),
        layers.get(0).residualMultiplier(),
        norm,
        owner.head(),
        owner.logitTransform());
  }

  void closeRopes() {
    ropes.forEach(Rope::close);
  }
}
