package dev.lora4j.models;

import dev.lora4j.nn.Child;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.Siblings;
import dev.lora4j.row.PlainMatrix;
import dev.lora4j.row.RowNorm;
import dev.lora4j.row.RowProduct;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Llama (Touvron et al. 2023, <a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>, §2)
 * and those that are built like it: Llama 2 and 3, SmolLM2, TinyLlama, Mistral with its sliding
 * window (<a href="https://arxiv.org/abs/2310.06825">arXiv:2310.06825</a>), Qwen2 with biases,
 * Qwen3 with normalised queries and keys.
 *
 * <p>In the comments: B rows, T tokens, H the hidden size, D the numbers in a head, N heads, G
 * heads of keys and values, V the vocabulary.
 */
public final class Llama extends LanguageModel {
  private final LlamaConfig config;
  private final Decoder model;
  private final Child head;

  /** A model with random weights. */
  public Llama(LlamaConfig config) {
    this.config = config;
    model = new Decoder(config);
    child("model", model);
    head =
        child(
            "lm_head",
            config.tiedHead()
                ? Linear.sharing(model.embedding.weight())
                : Linear.withoutBias(config.hiddenSize(), config.vocabularySize()));
  }

  @Override
  Passage passage(Tokens tokens, Attention attention) {
    return model.new Reading(tokens, attention);
  }

  @Override
  public Optional<TokenReader> tokenReader(KeyValueCache cache) {
    return parts().map(parts -> new LlamaReader(parts, cache));
  }

  private Optional<LlamaReader.Parts> parts() {
    Tensor embedding = model.embedding.weight().value().detach();
    List<LlamaReader.Block> blocks =
        model.layers.stream().flatMap(layer -> layer.ofRows().stream()).toList();
    Optional<RowNorm> norm = norm(model.norm);
    Optional<RowProduct> scores = new Siblings(head).ofRows();
    boolean plain =
        model.embedTokens.module() == model.embedding
            && PlainMatrix.isOne(embedding)
            && blocks.size() == config.layers()
            && norm.isPresent()
            && scores.isPresent();
    return plain
        ? Optional.of(
            new LlamaReader.Parts(
                config,
                PlainMatrix.of(embedding),
                model.rope::turnAt,
                blocks,
                norm.get(),
                scores.get()))
        : Optional.empty();
  }

  private static Optional<RowNorm> norm(Child place) {
    return place.module() instanceof RmsNorm norm ? norm.ofRows() : Optional.empty();
  }

  @Override
  public Child head() {
    return head;
  }

  @Override
  public boolean hasTiedHead() {
    return config.tiedHead();
  }

  @Override
  public Optional<String> modelType() {
    return Optional.of(config.family());
  }

  @Override
  public int vocabularySize() {
    return config.vocabularySize();
  }

  @Override
  public int maxPositions() {
    return config.maxPositions();
  }

  @Override
  int layerCount() {
    return config.layers();
  }

  /** What the model was made from. */
  public LlamaConfig config() {
    return config;
  }

  @Override
  public void close() {
    super.close();
    model.rope.close();
  }

  /** All but the head. */
  private static final class Decoder extends Part {
    private final Embedding embedding;
    private final Child embedTokens;
    private final List<Layer> layers = new ArrayList<>();
    private final Child norm;
    private final Rope rope;
    private final Set<OptionalLong> windows;

    Decoder(LlamaConfig c) {
      embedding = new Embedding(c.vocabularySize(), c.hiddenSize());
      embedTokens = child("embed_tokens", embedding);
      for (int i = 0; i < c.layers(); i++) {
        layers.add(new Layer(c, i));
      }
      child("layers", new Part(layers.toArray(Module[]::new)));
      norm = child("norm", new RmsNorm(c.hiddenSize(), c.normEpsilon()));
      windows = Set.copyOf(c.windows());
      rope = new Rope(c.ropeScaling().frequencies(c.ropeTheta(), c.headDim()));
    }

    private final class Reading implements Passage {
      private final Tokens tokens;
      private final Attention attention;
      private final Rope.Turns turns;

      Reading(Tokens tokens, Attention attention) {
        this.tokens = tokens;
        this.attention = attention;
        turns = rope.turns(attention, embedding.weight().value());
      }

      @Override
      public Tensor begin() {
        attention.prepare(windows, embedding.weight().value());
        return embedTokens.forward(tokens.ids()); // [B, T, H]
      }

      @Override
      public int layers() {
        return layers.size();
      }

      @Override
      public Tensor layer(int number, Tensor x) {
        return layers.get(number).forward(x, turns, attention, all -> all); // [B, T, H]
      }

      @Override
      public Tensor finish(Tensor x) {
        return norm.forward(x);
      }

      @Override
      public Tensor finishAt(Tensor places, Tensor x) {
        Layer last = layers.get(layers.size() - 1);
        return finish(last.forward(x, turns, attention, all -> at(places, all)));
      }
    }
  }

  /** Attention and feed-forward, each on the normalised stream and added to it. */
  private static final class Layer extends Part {
    private final SelfAttention selfAttention;
    private final FeedForward mlp;
    private final Child inputNorm;
    private final Child postAttentionNorm;

    Layer(LlamaConfig c, int number) {
      selfAttention = new SelfAttention(c, number);
      mlp = new FeedForward(c);
      child("self_attn", selfAttention);
      child("mlp", mlp);
      inputNorm = child("input_layernorm", new RmsNorm(c.hiddenSize(), c.normEpsilon()));
      postAttentionNorm =
          child("post_attention_layernorm", new RmsNorm(c.hiddenSize(), c.normEpsilon()));
    }

    /**
     * @param wanted what goes on after the attention, of what came there
     */
    Tensor forward(Tensor x, Rope.Turns turns, Attention attention, UnaryOperator<Tensor> wanted) {
      Tensor attended = selfAttention.forward(inputNorm.forward(x), turns, attention);
      Tensor y = wanted.apply(x).add(selfAttention.output.forward(wanted.apply(attended)));
      return y.add(mlp.forward(postAttentionNorm.forward(y)));
    }

    /** The layer in plain memory, for single rows; empty if it can't be. */
    Optional<LlamaReader.Block> ofRows() {
      Optional<RowNorm> first = norm(inputNorm);
      Optional<RowNorm> second = norm(postAttentionNorm);
      Optional<RowProduct> queryKeyValue = selfAttention.queryKeyValue.ofRows();
      Optional<RowProduct> output = new Siblings(selfAttention.output).ofRows();
      Optional<RowProduct> gateAndUp = mlp.gateAndUp.ofRows();
      Optional<RowProduct> down = new Siblings(mlp.down).ofRows();
      Optional<LlamaReader.HeadNorms> headNorms = selfAttention.headNorms();
      boolean plain =
          Stream.of(first, second, queryKeyValue, output, gateAndUp, down)
                  .allMatch(Optional::isPresent)
              && headNorms.isPresent() == selfAttention.normalised;
      return plain
          ? Optional.of(
              new LlamaReader.Block(
                  first.get(),
                  queryKeyValue.get(),
                  headNorms,
                  selfAttention.window,
                  output.get(),
                  second.get(),
                  gateAndUp.get(),
                  down.get()))
          : Optional.empty();
    }
  }

  /**
   * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with rotary positions, up to
   * the output's layer.
   */
  private static final class SelfAttention extends Part {
    private final int number;
    private final int headDim;
    private final OptionalLong window;
    private final double dropout;
    private final boolean normalised;
    private final Siblings queryKeyValue;
    private final Child output;
    private final Child queryNorm;
    private final Child keyNorm;

    SelfAttention(LlamaConfig c, int number) {
      this.number = number;
      headDim = c.headDim();
      window = c.windows().get(number);
      dropout = c.attentionDropout();
      normalised = c.queryKeyNorm();
      boolean biased = c.biases().queryKeyValue();
      Child query = child("q_proj", linear(c.hiddenSize(), c.heads() * headDim, biased));
      Child key = child("k_proj", linear(c.hiddenSize(), c.groups() * headDim, biased));
      Child value = child("v_proj", linear(c.hiddenSize(), c.groups() * headDim, biased));
      queryKeyValue = new Siblings(query, key, value);
      output = child("o_proj", linear(c.heads() * headDim, c.hiddenSize(), c.biases().output()));
      queryNorm = normalised ? child("q_norm", new RmsNorm(headDim, c.normEpsilon())) : query;
      keyNorm = normalised ? child("k_norm", new RmsNorm(headDim, c.normEpsilon())) : key;
    }

    Tensor forward(Tensor x, Rope.Turns turns, Attention attention) {
      List<Tensor> made = queryKeyValue.forward(x);
      Tensor q = heads(made.get(0)); // [B, T, N, D]
      Tensor k = heads(made.get(1)); // [B, T, G, D]
      Tensor v = heads(made.get(2)); // [B, T, G, D]
      if (normalised) {
        q = queryNorm.forward(q);
        k = keyNorm.forward(k);
      }
      return attention.attend(
          number,
          turns.apply(q),
          turns.apply(k),
          v,
          window,
          isTraining() ? dropout : 0); // [B, T, N · D]
    }

    Optional<LlamaReader.HeadNorms> headNorms() {
      return norm(queryNorm)
          .flatMap(query -> norm(keyNorm).map(key -> new LlamaReader.HeadNorms(query, key)));
    }

    private Tensor heads(Tensor x) {
      return x.view(x.size(0), x.size(1), -1, headDim);
    }
  }

  /** SwiGLU (Shazeer 2020, arXiv:2002.05202): {@code down(silu(gate(x)) · up(x))}. */
  private static final class FeedForward extends Module {
    private final Siblings gateAndUp;
    private final Child down;

    FeedForward(LlamaConfig c) {
      boolean biased = c.biases().feedForward();
      Child gate = child("gate_proj", linear(c.hiddenSize(), c.intermediateSize(), biased));
      Child up = child("up_proj", linear(c.hiddenSize(), c.intermediateSize(), biased));
      gateAndUp = new Siblings(gate, up);
      down = child("down_proj", linear(c.intermediateSize(), c.hiddenSize(), biased));
    }

    @Override
    public Tensor forward(Tensor x) {
      List<Tensor> made = gateAndUp.forward(x);
      return down.forward(Ops.siluTimes(made.get(0), made.get(1)));
    }
  }

  private static Linear linear(int in, int out, boolean biased) {
    return biased ? new Linear(in, out) : Linear.withoutBias(in, out);
  }
}
