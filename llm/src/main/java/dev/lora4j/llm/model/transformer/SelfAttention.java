package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Causal grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with rotary positions.
 *
 * <p>Shapes: B rows, T tokens, H hidden size, N attention heads, G key/value heads, D head size.
 */
public final class SelfAttention extends DecoderBlock {
  private final int number;
  private final AttentionConfig config;
  private final Optional<Rope> rope;
  private final AttentionRule rule;
  private final SharedInput queryKeyValue;
  private final Optional<DecoderModules.HeadNorms> headNorms;
  private final Slot output;

  /**
   * @param number of the layer, from 0 on
   * @param rope its rotary position embeddings; empty for none
   */
  public SelfAttention(int number, AttentionConfig c, Optional<Rope> rope, AttentionRule rule) {
    this.number = number;
    config = c;
    this.rope = rope;
    this.rule = rule;
    queryKeyValue = c.fused() ? fusedProjection(c) : projections(c);
    output = child("o_proj", linear(c.queries(), c.hiddenSize(), c.outputBiased()));
    headNorms = headNorms(c);
  }

  private SharedInput projections(AttentionConfig c) {
    return new SharedInput(
        child("q_proj", linear(c.hiddenSize(), c.queries(), c.biased())),
        child("k_proj", linear(c.hiddenSize(), c.keys(), c.biased())),
        child("v_proj", linear(c.hiddenSize(), c.keys(), c.biased())));
  }

  private SharedInput fusedProjection(AttentionConfig c) {
    int outputs = c.queries() + 2 * c.keys();
    return new SharedInput(child("qkv_proj", linear(c.hiddenSize(), outputs, c.biased())));
  }

  private Optional<DecoderModules.HeadNorms> headNorms(AttentionConfig c) {
    if (c.queryKeyNorm() == QueryKeyNorm.NONE) {
      return Optional.empty();
    }
    boolean each = c.queryKeyNorm() == QueryKeyNorm.EACH_HEAD;
    Slot query = child("q_norm", c.norm().create(each ? c.headDim() : c.queries()));
    Slot key = child("k_norm", c.norm().create(each ? c.headDim() : c.keys()));
    return Optional.of(new DecoderModules.HeadNorms(query, key));
  }

  /** Computes everything but the output projection: {@code [B, T, H]} to {@code [B, T, N · D]}. */
  Tensor forward(Tensor x, ForwardPass pass) {
    List<Tensor> projected =
        parts(queryKeyValue.forward(x), config.queries(), config.keys(), config.keys());
    Tensor q = normalised(projected.get(0), headNorms.map(DecoderModules.HeadNorms::query));
    Tensor k = normalised(projected.get(1), headNorms.map(DecoderModules.HeadNorms::key));
    Tensor v = heads(projected.get(2)); // [B, T, G, D]
    Optional<Rope.Rotations> rotations = pass.rotationsOf(rope);
    if (rotations.isPresent()) {
      q = rotations.get().ofQueries(q);
      k = rotations.get().ofKeys(k);
    }
    return pass.attention().attend(number, q, k, v, rule.whileTraining(isTraining()));
  }

  /** {@code [B, T, heads · D]} to {@code [B, T, heads, D]}. */
  private Tensor normalised(Tensor x, Optional<Slot> norm) {
    if (norm.isEmpty()) {
      return heads(x);
    }
    return config.queryKeyNorm() == QueryKeyNorm.EACH_HEAD
        ? norm.get().forward(heads(x))
        : heads(norm.get().forward(x));
  }

  private Tensor heads(Tensor x) {
    return x.view(x.size(0), x.size(1), -1, config.headDim());
  }

  Slot output() {
    return output;
  }

  Optional<Rope> rope() {
    return rope;
  }

  AttentionRule rule() {
    return rule;
  }

  DecoderModules.Attention modules() {
    return new DecoderModules.Attention(
        queryKeyValue,
        config.heads(),
        config.groups(),
        config.headDim(),
        headNorms,
        rope,
        rule,
        output);
  }

  // ---- fused projections ----

  /** Returns outputs of these sizes: the given ones, or the parts of a single fused one. */
  static List<Tensor> parts(List<Tensor> outputs, long... sizes) {
    if (outputs.size() == sizes.length) {
      return outputs;
    }
    TensorVector parts = outputs.get(0).split_with_sizes(sizes, -1);
    List<Tensor> list = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      list.add(new Tensor(parts.get(i))); // outlives the vector
    }
    return list;
  }

  static Linear linear(int in, int out, boolean biased) {
    return biased ? new Linear(in, out) : Linear.withoutBias(in, out);
  }
}
