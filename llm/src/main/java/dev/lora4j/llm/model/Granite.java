package dev.lora4j.llm.model;

import dev.lora4j.llm.model.Llama.FeedForward;
import dev.lora4j.llm.model.Llama.SelfAttention;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Granite 3 and 4, dense (IBM, <a
 * href="https://github.com/ibm-granite/granite-3.0-language-models">Granite 3.0 Language
 * Models</a>): a Llama whose embeddings, attention scores, residual branches and logits each have a
 * constant factor.
 *
 * <p>Shapes: B rows, T tokens, H hidden size, D head size, V vocabulary.
 */
public final class Granite extends LanguageModel implements LlamaModules.Owner {
  private final GraniteConfig config;
  private final LogitTransform logitTransform;
  private final Transformer model;

  /** A model with random weights. */
  public Granite(GraniteConfig config) {
    super(config.llama());
    this.config = config;
    logitTransform = LogitTransform.dividedBy(config.logitsScaling());
    model = new Transformer(config);
    child("model", model);
    addOutputProjection(model.embedding);
  }

  @Override
  public LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
    return model.new Forward(tokens, attention);
  }

  @Override
  public LogitTransform logitTransform() {
    return logitTransform;
  }

  /** The model's sizes and choices. */
  public GraniteConfig config() {
    return config;
  }

  @Override
  public LlamaModules modules() {
    return new LlamaModules(
        model.embedTokens,
        config.embeddingMultiplier(),
        model.rope,
        model.layers.stream().map(Layer::modules).toList(),
        config.residualMultiplier(),
        model.norm,
        head(),
        logitTransform);
  }

  @Override
  public void close() {
    super.close();
    model.rope.close();
  }

  /** Everything but the output projection. */
  private static final class Transformer extends DecoderBlock {
    private final double embeddingMultiplier;
    private final Embedding embedding;
    private final Slot embedTokens;
    private final List<Layer> layers = new ArrayList<>();
    private final Slot norm;
    private final Rope rope;
    private final Set<OptionalLong> windows;

    Transformer(GraniteConfig config) {
      LlamaConfig c = config.llama();
      embeddingMultiplier = config.embeddingMultiplier();
      embedding = new Embedding(c.vocabularySize(), c.hiddenSize());
      embedTokens = child("embed_tokens", embedding);
      for (int i = 0; i < c.layers(); i++) {
        layers.add(new Layer(c, config.residualMultiplier(), i));
      }
      child("layers", new DecoderBlock(layers.toArray(Module[]::new)));
      norm = child("norm", Llama.norm(c));
      windows = Set.copyOf(c.windows());
      // Attention divides q · k by √D: rotations by √(multiplier · √D) leave the multiplier.
      double magnitude = Math.sqrt(config.attentionMultiplier() * Math.sqrt(c.headDim()));
      rope = new Rope(c.ropeScaling().frequencies(c.ropeTheta(), c.headDim()), magnitude);
    }

    private final class Forward implements LayerwiseForward {
      private final TokenBatch tokens;
      private final AttentionContext attention;
      private final Rope.Turns turns;

      Forward(TokenBatch tokens, AttentionContext attention) {
        this.tokens = tokens;
        this.attention = attention;
        turns = rope.turns(attention, embedding.weight().value()); // [(B,) T, 1, D]
      }

      @Override
      public Tensor embed() {
        attention.prepare(windows, embedding.weight().value());
        return embedTokens
            .forward(tokens.inputIds())
            .mul(new Scalar(embeddingMultiplier)); // [B, T, H]
      }

      @Override
      public int layers() {
        return layers.size();
      }

      @Override
      public Tensor layer(int number, Tensor x, UnaryOperator<Tensor> selected) {
        return layers.get(number).forward(x, turns, attention, selected); // [B, T, H] or [n, H]
      }

      @Override
      public Tensor finalNorm(Tensor x) {
        return norm.forward(x);
      }
    }
  }

  /** Pre-norm attention and feed-forward, each added to the residual stream with a factor. */
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
      inputNorm = child("input_layernorm", Llama.norm(c));
      postAttentionNorm = child("post_attention_layernorm", Llama.norm(c));
    }

    Tensor forward(
        Tensor x, Rope.Turns turns, AttentionContext attention, UnaryOperator<Tensor> selected) {
      Tensor attended = selfAttention.forward(inputNorm.forward(x), turns, attention);
      Tensor output = selfAttention.output.forward(selected.apply(attended));
      Tensor y = Ops.addScaled(selected.apply(x), output, residualMultiplier);
      return Ops.addScaled(y, mlp.forward(postAttentionNorm.forward(y)), residualMultiplier);
    }

    LlamaModules.Block modules() {
      return selfAttention.block(inputNorm, postAttentionNorm, mlp);
    }
  }
}
