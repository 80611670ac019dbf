package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Llama (Touvron et al. 2023, arXiv:2302.13971, §2) and its relatives: Llama 2 and 3, SmolLM2,
 * TinyLlama, Mistral with its sliding window (arXiv:2310.06825), Qwen2 with biases, Qwen3 with
 * normalised queries and keys.
 *
 * <p>Shapes: B rows, T tokens, H hidden size, N attention heads, G key/value heads, D head size, F
 * intermediate size, V vocabulary.
 */
public class Llama extends LanguageModel implements LlamaModules.Owner {
  private final Transformer model;

  public Llama(LlamaConfig config) {
    this(config, Multipliers.NONE);
  }

  Llama(LlamaConfig config, Multipliers multipliers) {
    super(config);
    model = new Transformer(config, multipliers);
    child("model", model);
    addOutputProjection(model.embedding);
  }

  @Override
  public final LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
    return model.layerwise(tokens, attention);
  }

  @Override
  public final LlamaModules modules() {
    return new LlamaModules(
        model.embedTokens,
        model.multipliers.embedding(),
        model.rope,
        model.layers.stream().map(Layer::modules).toList(),
        model.multipliers.residual(),
        model.norm,
        head(),
        logitTransform());
  }

  @Override
  public final void close() {
    super.close();
    model.rope.close();
  }

  /** Constant factors of a Llama's relatives: of embeddings, rotations and residual branches. */
  record Multipliers(double embedding, double rotations, double residual) {
    static final Multipliers NONE = new Multipliers(1, 1, 1);
  }

  /** Everything but the output projection. */
  private static final class Transformer extends DecoderBlock {
    private final Multipliers multipliers;
    private final Embedding embedding;
    private final Slot embedTokens;
    private final List<Layer> layers = new ArrayList<>();
    private final Slot norm;
    private final Parameter activations; // has their dtype and device, however weights are stored
    private final Rope rope;
    private final Set<OptionalLong> windows;

    Transformer(LlamaConfig c, Multipliers multipliers) {
      this.multipliers = multipliers;
      embedding = new Embedding(c.vocabularySize(), c.hiddenSize());
      embedTokens = child("embed_tokens", embedding);
      for (int i = 0; i < c.layers(); i++) {
        layers.add(new Layer(c, multipliers.residual(), i));
      }
      child("layers", new DecoderBlock(layers.toArray(Module[]::new)));
      RmsNorm last = norm(c);
      norm = child("norm", last);
      activations = last.scale().orElseThrow();
      windows = Set.copyOf(c.windows());
      float[] frequencies = c.ropeScaling().frequencies(c.ropeTheta(), c.headDim());
      rope = new Rope(frequencies, multipliers.rotations());
    }

    LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
      Rope.Rotations rotations = rope.rotations(attention, activations.value()); // [(B,) T, 1, D]
      return new LayerwiseForward(
          () -> embed(tokens, attention),
          layers.stream()
              .<LayerwiseForward.Layer>map(
                  layer -> (x, selected) -> layer.forward(x, rotations, attention, selected))
              .toList(),
          norm::forward);
    }

    private Tensor embed(TokenBatch tokens, AttentionContext attention) {
      attention.prepare(windows, activations.value());
      Tensor x = embedTokens.forward(tokens.inputIds()); // [B, T, H]
      double factor = multipliers.embedding();
      return factor == 1 ? x : x.mul(new Scalar(factor));
    }
  }

  /** Pre-norm attention and feed-forward, each added to the residual stream. */
  private static final class Layer extends DecoderBlock {
    private final double residualMultiplier;
    private final SelfAttention selfAttention;
    private final FeedForward mlp;
    private final Slot inputNorm;
    private final Slot postAttentionNorm;

    Layer(LlamaConfig c, double residualMultiplier, int number) {
      this.residualMultiplier = residualMultiplier;
      selfAttention = new SelfAttention(c, number);
      mlp = new FeedForward(c);
      child("self_attn", selfAttention);
      child("mlp", mlp);
      inputNorm = child("input_layernorm", norm(c));
      postAttentionNorm = child("post_attention_layernorm", norm(c));
    }

    /** Computes the part after the attention at the {@code selected} positions only: [n, H]. */
    Tensor forward(
        Tensor x,
        Rope.Rotations rotations,
        AttentionContext attention,
        UnaryOperator<Tensor> selected) {
      Tensor attended = selfAttention.forward(inputNorm.forward(x), rotations, attention);
      Tensor output = selfAttention.output.forward(selected.apply(attended));
      Tensor y = Ops.addScaled(selected.apply(x), output, residualMultiplier);
      return Ops.addScaled(y, mlp.forward(postAttentionNorm.forward(y)), residualMultiplier);
    }

    LlamaModules.Block modules() {
      return new LlamaModules.Block(
          inputNorm,
          selfAttention.queryKeyValue,
          selfAttention.headNorms,
          selfAttention.window,
          selfAttention.output,
          postAttentionNorm,
          mlp.gateAndUp,
          mlp.down);
    }
  }

  /** Causal grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245), rotary positions. */
  private static final class SelfAttention extends DecoderBlock {
    private final int number;
    private final int headDim;
    private final OptionalLong window;
    private final double dropout;
    private final SharedInput queryKeyValue;
    private final Optional<LlamaModules.HeadNorms> headNorms;
    private final Slot output;

    SelfAttention(LlamaConfig c, int number) {
      this.number = number;
      headDim = c.headDim();
      window = c.windows().get(number);
      dropout = c.attentionDropout();
      boolean biased = c.biases().queryKeyValue();
      Slot query = child("q_proj", linear(c.hiddenSize(), c.heads() * headDim, biased));
      Slot key = child("k_proj", linear(c.hiddenSize(), c.groups() * headDim, biased));
      Slot value = child("v_proj", linear(c.hiddenSize(), c.groups() * headDim, biased));
      queryKeyValue = new SharedInput(query, key, value);
      output = child("o_proj", linear(c.heads() * headDim, c.hiddenSize(), c.biases().output()));
      headNorms =
          c.queryKeyNorm()
              ? Optional.of(
                  new LlamaModules.HeadNorms(
                      child("q_norm", new RmsNorm(headDim, c.normEpsilon())),
                      child("k_norm", new RmsNorm(headDim, c.normEpsilon()))))
              : Optional.empty();
    }

    Tensor forward(Tensor x, Rope.Rotations rotations, AttentionContext attention) {
      List<Tensor> projected = queryKeyValue.forward(x);
      Tensor q = heads(projected.get(0)); // [B, T, N, D]
      Tensor k = heads(projected.get(1)); // [B, T, G, D]
      Tensor v = heads(projected.get(2)); // [B, T, G, D]
      if (headNorms.isPresent()) {
        q = headNorms.get().query().forward(q);
        k = headNorms.get().key().forward(k);
      }
      q = rotations.apply(q);
      k = rotations.apply(k);
      return attention.attend(number, q, k, v, window, isTraining() ? dropout : 0); // [B, T, N · D]
    }

    private Tensor heads(Tensor x) {
      return x.view(x.size(0), x.size(1), -1, headDim);
    }
  }

  /** SwiGLU (Shazeer 2020, arXiv:2002.05202): {@code down(silu(gate(x)) · up(x))}. */
  private static final class FeedForward extends Module {
    private final SharedInput gateAndUp;
    private final Slot down;

    FeedForward(LlamaConfig c) {
      boolean biased = c.biases().feedForward();
      Slot gate = child("gate_proj", linear(c.hiddenSize(), c.intermediateSize(), biased));
      Slot up = child("up_proj", linear(c.hiddenSize(), c.intermediateSize(), biased));
      gateAndUp = new SharedInput(gate, up);
      down = child("down_proj", linear(c.intermediateSize(), c.hiddenSize(), biased));
    }

    @Override
    public Tensor forward(Tensor x) {
      List<Tensor> projected = gateAndUp.forward(x); // [B, T, F] each
      return down.forward(Ops.swiglu(projected.get(0), projected.get(1))); // [B, T, H]
    }
  }

  private static RmsNorm norm(LlamaConfig c) {
    return new RmsNorm(c.hiddenSize(), c.normEpsilon());
  }

  private static Linear linear(int in, int out, boolean biased) {
    return biased ? new Linear(in, out) : Linear.withoutBias(in, out);
  }
}
