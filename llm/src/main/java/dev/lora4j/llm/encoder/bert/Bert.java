package dev.lora4j.llm.encoder.bert;

import dev.lora4j.llm.encoder.BidirectionalAttention;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderBlock;
import dev.lora4j.llm.encoder.EncoderFamily.Pooler;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.LayerNorm;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * BERT (Devlin et al. 2018, <a href="https://arxiv.org/abs/1810.04805">arXiv:1810.04805</a>) and
 * RoBERTa (Liu et al. 2019, arXiv:1907.11692): norms after each branch, absolute positions. N
 * tokens, H hidden size.
 */
public final class Bert extends Encoder {
  private final Embeddings embeddings;
  private final List<Layer> layers = new ArrayList<>();
  private final Optional<Slot> pooler;

  public Bert(BertConfig config, Pooler pooler) {
    super(config);
    embeddings = new Embeddings(config);
    child("embeddings", embeddings);
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new Layer(config));
    }
    child("encoder", new LayerStack(layers));
    this.pooler =
        pooler == Pooler.PRESENT
            ? Optional.of(child("pooler", new FirstTokenPooler(config.hiddenSize())))
            : Optional.empty();
  }

  @Override
  protected Tensor encode(UnpaddedTokens tokens) {
    BidirectionalAttention attention = new BidirectionalAttention(tokens);
    return through(layers, embeddings.of(tokens), attention); // [N, H]
  }

  @Override
  protected Tensor encodeFirst(UnpaddedTokens tokens) {
    BidirectionalAttention attention = new BidirectionalAttention(tokens);
    int last = layers.size() - 1;
    Tensor x = through(layers.subList(0, last), embeddings.of(tokens), attention);
    return layers.get(last).first(x, tokens.first(x), attention); // [B, H]
  }

  private static Tensor through(List<Layer> layers, Tensor x, BidirectionalAttention attention) {
    Tensor y = x;
    for (Layer layer : layers) {
      Tensor input = y;
      y = layer(() -> layer.forward(input, attention));
    }
    return y;
  }

  @Override
  public Optional<Tensor> pooled(Tensor first) {
    return pooler.map(slot -> slot.forward(first));
  }

  /** The sum of a token's, its type's and its position's embedding, normalised. */
  private static final class Embeddings extends EncoderBlock {
    private final BertConfig config;
    private final Slot words;
    private final Slot positions;
    private final Slot types;
    private final Slot norm;
    private final Slot dropout;

    Embeddings(BertConfig c) {
      config = c;
      OptionalLong padding = OptionalLong.of(c.padId());
      words = child("word_embeddings", new Embedding(c.vocabularySize(), c.hiddenSize(), padding));
      positions =
          child(
              "position_embeddings",
              new Embedding(
                  c.positionRows(),
                  c.hiddenSize(),
                  c.positionsAfterPadding() ? padding : OptionalLong.empty()));
      types = child("token_type_embeddings", new Embedding(c.tokenTypes(), c.hiddenSize()));
      norm = child("LayerNorm", norm(c));
      dropout = child("dropout", new Dropout(c.hiddenDropout()));
    }

    Tensor of(UnpaddedTokens tokens) {
      Tensor at =
          config.positionsAfterPadding() ? tokens.positionsAfter(config.padId()) : tokens.columns();
      Tensor x =
          words.forward(tokens.ids()).add(types.forward(tokens.types())).add(positions.forward(at));
      return dropout.forward(norm.forward(x)); // [N, H]
    }
  }

  /** The layers, under the name {@code encoder.layer}. */
  private static final class LayerStack extends EncoderBlock {
    LayerStack(List<Layer> layers) {
      child("layer", new EncoderBlock(layers.toArray(Module[]::new)));
    }
  }

  /** Attention and feed-forward, each added to its input and normalised afterwards. */
  private static final class Layer extends EncoderBlock {
    private final Attention attention;
    private final Slot intermediate;
    private final Output output;

    Layer(BertConfig c) {
      attention = new Attention(c);
      child("attention", attention);
      intermediate = child("intermediate", new Intermediate(c));
      output = new Output(c, c.intermediateSize());
      child("output", output);
    }

    Tensor forward(Tensor x, BidirectionalAttention attending) {
      return fedForward(attention.forward(x, attending)); // [N, H]
    }

    /** Computes the output for the first tokens alone, {@code [B, H]}. */
    Tensor first(Tensor x, Tensor first, BidirectionalAttention attending) {
      return fedForward(attention.first(x, first, attending));
    }

    private Tensor fedForward(Tensor attended) {
      return output.forward(intermediate.forward(attended), attended);
    }
  }

  /** Self-attention with its output projection. */
  private static final class Attention extends EncoderBlock {
    private final SelfAttention self;
    private final Output output;

    Attention(BertConfig c) {
      self = new SelfAttention(c);
      child("self", self);
      output = new Output(c, c.hiddenSize());
      child("output", output);
    }

    Tensor forward(Tensor x, BidirectionalAttention attending) {
      return output.forward(self.forward(x, attending), x);
    }

    Tensor first(Tensor x, Tensor first, BidirectionalAttention attending) {
      return output.forward(self.first(x, first, attending), first);
    }
  }

  /** Attention of all heads, before the output projection. */
  private static final class SelfAttention extends EncoderBlock {
    private final int heads;
    private final double attentionDropout;
    private final Slot query;
    private final Slot key;
    private final Slot value;

    SelfAttention(BertConfig c) {
      heads = c.heads();
      attentionDropout = c.attentionDropout();
      query = child("query", new Linear(c.hiddenSize(), c.hiddenSize()));
      key = child("key", new Linear(c.hiddenSize(), c.hiddenSize()));
      value = child("value", new Linear(c.hiddenSize(), c.hiddenSize()));
    }

    Tensor forward(Tensor x, BidirectionalAttention attending) {
      return attending.attend(
          query.forward(x),
          key.forward(x),
          value.forward(x),
          heads,
          OptionalLong.empty(),
          dropout()); // [N, H]
    }

    Tensor first(Tensor x, Tensor first, BidirectionalAttention attending) {
      return attending.attendFirst(
          query.forward(first), key.forward(x), value.forward(x), heads, dropout()); // [B, H]
    }

    private double dropout() {
      return isTraining() ? attentionDropout : 0;
    }
  }

  /** {@code act(dense(x))}. */
  private static final class Intermediate extends Module {
    private final Slot dense;
    private final Slot activation;

    Intermediate(BertConfig c) {
      dense = child("dense", new Linear(c.hiddenSize(), c.intermediateSize()));
      activation = child("intermediate_act_fn", EncoderActivation.create(c.activation()));
    }

    @Override
    public Tensor forward(Tensor x) {
      return activation.forward(dense.forward(x)); // [N, intermediate]
    }
  }

  /** {@code norm(dense(x) + residual)}. */
  private static final class Output extends EncoderBlock {
    private final Slot dense;
    private final Slot norm;
    private final Slot dropout;

    Output(BertConfig c, long in) {
      dense = child("dense", new Linear(in, c.hiddenSize()));
      norm = child("LayerNorm", norm(c));
      dropout = child("dropout", new Dropout(c.hiddenDropout()));
    }

    Tensor forward(Tensor x, Tensor residual) {
      return norm.forward(dropout.forward(dense.forward(x)).add(residual)); // [N, H]
    }
  }

  /** {@code tanh(dense(x))} of the first token. */
  private static final class FirstTokenPooler extends Module {
    private final Slot dense;

    FirstTokenPooler(long hidden) {
      dense = child("dense", new Linear(hidden, hidden));
    }

    @Override
    public Tensor forward(Tensor first) {
      return torch.tanh(dense.forward(first)); // [B, H]
    }
  }

  private static LayerNorm norm(BertConfig c) {
    return LayerNorm.withEpsilon(c.normEpsilon(), c.hiddenSize());
  }
}
