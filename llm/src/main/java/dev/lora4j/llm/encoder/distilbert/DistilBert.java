package dev.lora4j.llm.encoder.distilbert;

import dev.lora4j.llm.encoder.BidirectionalAttention;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderBlock;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.LayerNorm;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.bytedeco.pytorch.Tensor;

/**
 * DistilBERT (Sanh et al. 2019, <a href="https://arxiv.org/abs/1910.01108">arXiv:1910.01108</a>): N
 * tokens, H hidden size.
 */
public final class DistilBert extends Encoder {
  private static final double EPSILON = 1e-12;

  private final Embeddings embeddings;
  private final List<Layer> layers = new ArrayList<>();

  public DistilBert(DistilBertConfig config) {
    super(config);
    embeddings = new Embeddings(config);
    child("embeddings", embeddings);
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new Layer(config));
    }
    child("transformer", new LayerStack(layers));
  }

  @Override
  protected Tensor encode(UnpaddedTokens tokens) {
    BidirectionalAttention attention = new BidirectionalAttention(tokens);
    Tensor x = embeddings.of(tokens);
    for (Layer layer : layers) {
      Tensor input = x;
      x = layer(() -> layer.forward(input, attention));
    }
    return x; // [N, H]
  }

  /** The sum of a token's and its position's embedding, normalised. */
  private static final class Embeddings extends EncoderBlock {
    private final Slot words;
    private final Slot positions;
    private final Slot norm;
    private final Slot dropout;

    Embeddings(DistilBertConfig c) {
      OptionalLong padding = OptionalLong.of(c.padId());
      words = child("word_embeddings", new Embedding(c.vocabularySize(), c.hiddenSize(), padding));
      positions = child("position_embeddings", new Embedding(c.maxPositions(), c.hiddenSize()));
      norm = child("LayerNorm", norm(c));
      dropout = child("dropout", new Dropout(c.dropout()));
    }

    Tensor of(UnpaddedTokens tokens) {
      Tensor x = words.forward(tokens.ids()).add(positions.forward(tokens.columns()));
      return dropout.forward(norm.forward(x)); // [N, H]
    }
  }

  /** The layers, under the name {@code transformer.layer}. */
  private static final class LayerStack extends EncoderBlock {
    LayerStack(List<Layer> layers) {
      child("layer", new EncoderBlock(layers.toArray(Module[]::new)));
    }
  }

  /** Attention and feed-forward, each added to its input and normalised afterwards. */
  private static final class Layer extends EncoderBlock {
    private final SelfAttention attention;
    private final Slot attentionNorm;
    private final Slot feedForward;
    private final Slot outputNorm;

    Layer(DistilBertConfig c) {
      attention = new SelfAttention(c);
      child("attention", attention);
      attentionNorm = child("sa_layer_norm", norm(c));
      feedForward = child("ffn", new FeedForward(c));
      outputNorm = child("output_layer_norm", norm(c));
    }

    Tensor forward(Tensor x, BidirectionalAttention attending) {
      Tensor attended = attentionNorm.forward(attention.forward(x, attending).add(x));
      return outputNorm.forward(feedForward.forward(attended).add(attended)); // [N, H]
    }
  }

  /** Self-attention with its output projection. */
  private static final class SelfAttention extends EncoderBlock {
    private final int heads;
    private final double attentionDropout;
    private final SharedInput queryKeyValue;
    private final Slot output;

    SelfAttention(DistilBertConfig c) {
      heads = c.heads();
      attentionDropout = c.attentionDropout();
      queryKeyValue =
          new SharedInput(
              child("q_lin", new Linear(c.hiddenSize(), c.hiddenSize())),
              child("k_lin", new Linear(c.hiddenSize(), c.hiddenSize())),
              child("v_lin", new Linear(c.hiddenSize(), c.hiddenSize())));
      output = child("out_lin", new Linear(c.hiddenSize(), c.hiddenSize()));
    }

    Tensor forward(Tensor x, BidirectionalAttention attending) {
      List<Tensor> qkv = queryKeyValue.forward(x); // [N, H] each
      Tensor attended =
          attending.attend(
              qkv.get(0),
              qkv.get(1),
              qkv.get(2),
              heads,
              OptionalLong.empty(),
              isTraining() ? attentionDropout : 0);
      return output.forward(attended); // [N, H]
    }
  }

  /** {@code lin2(act(lin1(x)))}. */
  private static final class FeedForward extends Module {
    private final Slot in;
    private final Slot out;
    private final Slot activation;
    private final Slot dropout;

    FeedForward(DistilBertConfig c) {
      dropout = child("dropout", new Dropout(c.dropout()));
      in = child("lin1", new Linear(c.hiddenSize(), c.intermediateSize()));
      out = child("lin2", new Linear(c.intermediateSize(), c.hiddenSize()));
      activation = child("activation", EncoderActivation.create(c.activation()));
    }

    @Override
    public Tensor forward(Tensor x) {
      return dropout.forward(out.forward(activation.forward(in.forward(x)))); // [N, H]
    }
  }

  private static LayerNorm norm(DistilBertConfig c) {
    return LayerNorm.withEpsilon(EPSILON, c.hiddenSize());
  }
}
