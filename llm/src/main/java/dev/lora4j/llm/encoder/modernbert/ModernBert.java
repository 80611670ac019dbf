package dev.lora4j.llm.encoder.modernbert;

import dev.lora4j.llm.encoder.BidirectionalAttention;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderBlock;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.Rope.Rotations;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.RopeScaling;
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

/**
 * ModernBERT (Warner et al. 2024, <a href="https://arxiv.org/abs/2412.13663">arXiv:2412.13663</a>):
 * norms before each branch, rotary positions, most layers attend within a window. N tokens, H
 * hidden size.
 */
public final class ModernBert extends Encoder {
  private final Embeddings embeddings;
  private final List<Layer> layers = new ArrayList<>();
  private final Slot norm;
  private final Rope fullRope;
  private final Rope slidingRope;

  public ModernBert(ModernBertConfig config) {
    super(config);
    embeddings = new Embeddings(config);
    child("embeddings", embeddings);
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new Layer(config, i));
    }
    child("layers", new EncoderBlock(layers.toArray(Module[]::new)));
    norm = child("final_norm", norm(config));
    fullRope = rope(config, config.fullTheta());
    slidingRope = rope(config, config.slidingTheta());
  }

  private static Rope rope(ModernBertConfig c, double theta) {
    int dim = c.hiddenSize() / c.heads();
    return new Rope(RopeConfig.of(theta, dim, new RopeScaling.None()));
  }

  @Override
  protected Tensor encode(UnpaddedTokens tokens) {
    BidirectionalAttention attention = new BidirectionalAttention(tokens);
    Tensor x = embeddings.of(tokens);
    Tensor columns = tokens.columns();
    Rotations full = fullRope.at(columns, x);
    Rotations sliding = slidingRope.at(columns, x);
    for (Layer layer : layers) {
      x = layer.forward(x, attention, layer.isSliding() ? sliding : full);
    }
    return norm.forward(x); // [N, H]
  }

  @Override
  protected void closeTables() {
    fullRope.close();
    slidingRope.close();
  }

  /** The tokens' embeddings, normalised. */
  private static final class Embeddings extends EncoderBlock {
    private final Slot tokens;
    private final Slot norm;
    private final Slot dropout;

    Embeddings(ModernBertConfig c) {
      OptionalLong padding = OptionalLong.of(c.padId());
      tokens = child("tok_embeddings", new Embedding(c.vocabularySize(), c.hiddenSize(), padding));
      norm = child("norm", norm(c));
      dropout = child("drop", new Dropout(c.embeddingDropout()));
    }

    Tensor of(UnpaddedTokens batch) {
      return dropout.forward(norm.forward(tokens.forward(batch.ids()))); // [N, H]
    }
  }

  /** Pre-norm attention and feed-forward; the first layer's attention has no norm. */
  private static final class Layer extends EncoderBlock {
    private final boolean sliding;
    private final Optional<Slot> attentionNorm;
    private final SelfAttention attention;
    private final Slot feedForwardNorm;
    private final Slot feedForward;

    Layer(ModernBertConfig c, int number) {
      sliding = c.slidingLayers().get(number);
      attentionNorm = number == 0 ? Optional.empty() : Optional.of(child("attn_norm", norm(c)));
      attention = new SelfAttention(c, sliding);
      child("attn", attention);
      feedForwardNorm = child("mlp_norm", norm(c));
      feedForward = child("mlp", new FeedForward(c));
    }

    boolean isSliding() {
      return sliding;
    }

    Tensor forward(Tensor x, BidirectionalAttention attending, Rotations rotations) {
      Tensor input = attentionNorm.map(slot -> slot.forward(x)).orElse(x);
      Tensor y = x.add(attention.forward(input, attending, rotations));
      return y.add(feedForward.forward(feedForwardNorm.forward(y))); // [N, H]
    }
  }

  /** Self-attention; one layer projects to queries, keys and values side by side. */
  private static final class SelfAttention extends EncoderBlock {
    private final long hidden;
    private final int heads;
    private final OptionalLong window;
    private final double attentionDropout;
    private final Slot queryKeyValue;
    private final Slot output;
    private final Slot dropout;

    SelfAttention(ModernBertConfig c, boolean sliding) {
      hidden = c.hiddenSize();
      heads = c.heads();
      window = sliding ? OptionalLong.of(c.window()) : OptionalLong.empty();
      attentionDropout = c.attentionDropout();
      queryKeyValue = child("Wqkv", linear(hidden, 3 * hidden, c.attentionBias()));
      output = child("Wo", linear(hidden, hidden, c.attentionBias()));
      dropout = child("out_drop", new Dropout(c.attentionDropout()));
    }

    Tensor forward(Tensor x, BidirectionalAttention attending, Rotations rotations) {
      Tensor all = queryKeyValue.forward(x); // [N, 3 H]
      Tensor attended =
          attending.attend(
              rotated(part(all, 0), rotations),
              rotated(part(all, 1), rotations),
              part(all, 2),
              heads,
              window,
              isTraining() ? attentionDropout : 0);
      return dropout.forward(output.forward(attended)); // [N, H]
    }

    private Tensor part(Tensor all, int which) {
      return all.narrow(1, which * hidden, hidden);
    }

    private Tensor rotated(Tensor part, Rotations rotations) {
      Tensor byHead = part.view(1, part.size(0), heads, hidden / heads);
      return rotations.ofKeys(byHead).view(part.size(0), hidden);
    }
  }

  /** GeGLU (Shazeer 2020, arXiv:2002.05202): {@code Wo(act(input) · gate)}. */
  private static final class FeedForward extends Module {
    private final long intermediate;
    private final Slot in;
    private final Slot activation;
    private final Slot dropout;
    private final Slot out;

    FeedForward(ModernBertConfig c) {
      intermediate = c.intermediateSize();
      in = child("Wi", linear(c.hiddenSize(), 2 * intermediate, c.feedForwardBias()));
      activation = child("act", EncoderActivation.create(c.activation()));
      dropout = child("drop", new Dropout(c.feedForwardDropout()));
      out = child("Wo", linear(intermediate, c.hiddenSize(), c.feedForwardBias()));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor both = in.forward(x); // [N, 2 intermediate]
      Tensor input = activation.forward(both.narrow(1, 0, intermediate));
      Tensor gate = both.narrow(1, intermediate, intermediate);
      return out.forward(dropout.forward(input.mul(gate))); // [N, H]
    }
  }

  private static Linear linear(long in, long out, boolean bias) {
    return bias ? new Linear(in, out) : Linear.withoutBias(in, out);
  }

  static LayerNorm norm(ModernBertConfig c) {
    return c.normBias()
        ? LayerNorm.withEpsilon(c.normEpsilon(), c.hiddenSize())
        : LayerNorm.scaleOnly(c.normEpsilon(), c.hiddenSize());
  }
}
