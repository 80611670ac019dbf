package dev.lora4j.llm.model.gpt2;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.DecoderBlock;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerwiseForward;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.LayerNorm;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/** GPT-2 (Radford et al. 2019); B rows, T tokens, H hidden size, N heads of D = H / N. */
public final class Gpt2 extends LanguageModel {
  private final Transformer transformer;

  public Gpt2(Gpt2Config config) {
    super(config);
    transformer = new Transformer(config);
    child("transformer", transformer);
    addOutputProjection(transformer.embedding);
  }

  @Override
  public LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
    return transformer.layerwise(tokens, attention);
  }

  /** Everything but the output projection. */
  private static final class Transformer extends DecoderBlock {
    private final long maxPositions;
    private final Embedding embedding;
    private final Slot tokenEmbedding;
    private final Slot positionEmbedding;
    private final Slot dropout;
    private final List<Layer> layers = new ArrayList<>();
    private final Slot norm;
    private final Parameter activations; // has their dtype and device, however weights are stored

    Transformer(Gpt2Config c) {
      maxPositions = c.maxPositions();
      embedding = new Embedding(c.vocabularySize(), c.hiddenSize());
      tokenEmbedding = child("wte", embedding);
      positionEmbedding = child("wpe", new Embedding(c.maxPositions(), c.hiddenSize()));
      dropout = child("drop", new Dropout(c.embeddingDropout()));
      for (int i = 0; i < c.layers(); i++) {
        layers.add(new Layer(c, i));
      }
      child("h", new DecoderBlock(layers.toArray(Module[]::new)));
      LayerNorm last = norm(c);
      norm = child("ln_f", last);
      activations = last.scale().orElseThrow();
    }

    LayerwiseForward layerwise(TokenBatch tokens, AttentionContext attention) {
      return new LayerwiseForward(
          () -> embed(tokens, attention),
          layers.stream()
              .<LayerwiseForward.Layer>map(
                  layer -> (x, selected) -> layer.forward(x, attention, selected))
              .toList(),
          norm::forward);
    }

    private Tensor embed(TokenBatch tokens, AttentionContext attention) {
      attention.prepare(Set.of(OptionalLong.empty()), activations.value());
      Tensor ids = tokens.inputIds();
      Tensor positions = positions(attention).to(ids.device(), ids.scalar_type());
      Tensor x = tokenEmbedding.forward(ids).add(positionEmbedding.forward(positions));
      return dropout.forward(x); // [B, T, H]
    }

    private Tensor positions(AttentionContext attention) {
      long end = attention.past() + attention.length();
      if (attention.positions().isEmpty() && end > maxPositions) {
        throw new UserError(
            "%d tokens are more than the model's n_positions = %d".formatted(end, maxPositions));
      }
      return attention.positions().orElseGet(() -> Ops.range(attention.past(), end)); // [(B,) T]
    }
  }

  /** Pre-norm attention and feed-forward, each added to the residual stream. */
  private static final class Layer extends DecoderBlock {
    private final Slot attentionNorm;
    private final SelfAttention selfAttention;
    private final Slot feedForwardNorm;
    private final FeedForward feedForward;

    Layer(Gpt2Config c, int number) {
      attentionNorm = child("ln_1", norm(c));
      selfAttention = new SelfAttention(c, number);
      child("attn", selfAttention);
      feedForwardNorm = child("ln_2", norm(c));
      feedForward = new FeedForward(c);
      child("mlp", feedForward);
    }

    /** Computes the part after the attention at the {@code selected} positions only: [n, H]. */
    Tensor forward(Tensor x, AttentionContext attention, UnaryOperator<Tensor> selected) {
      Tensor attended = selfAttention.forward(attentionNorm.forward(x), attention);
      Tensor y = selected.apply(x).add(selfAttention.outputOf(selected.apply(attended)));
      return y.add(feedForward.forward(feedForwardNorm.forward(y)));
    }
  }

  /** Causal self-attention; one layer projects to queries, keys and values side by side. */
  private static final class SelfAttention extends DecoderBlock {
    private final int number;
    private final long hidden;
    private final long heads;
    private final AttentionRule rule;
    private final Slot queryKeyValue;
    private final Slot output;
    private final Slot dropout;

    SelfAttention(Gpt2Config c, int number) {
      this.number = number;
      hidden = c.hiddenSize();
      heads = c.heads();
      rule = AttentionRule.full(c.attentionDropout());
      queryKeyValue = child("c_attn", new TransposedLinear(hidden, 3 * hidden));
      output = child("c_proj", new TransposedLinear(hidden, hidden));
      dropout = child("resid_dropout", new Dropout(c.residualDropout()));
    }

    Tensor forward(Tensor x, AttentionContext attention) {
      Tensor all = queryKeyValue.forward(x); // [B, T, 3 H]
      return attention.attend(
          number,
          part(all, 0),
          part(all, 1),
          part(all, 2),
          rule.whileTraining(isTraining())); // [B, T, H]
    }

    Tensor outputOf(Tensor attended) {
      return dropout.forward(output.forward(attended));
    }

    private Tensor part(Tensor all, int which) {
      return all.narrow(2, which * hidden, hidden)
          .view(all.size(0), all.size(1), heads, hidden / heads); // [B, T, N, D]
    }
  }

  /** {@code c_proj(act(c_fc(x)))}. */
  private static final class FeedForward extends Module {
    private final Slot in;
    private final Slot out;
    private final Slot activation;
    private final Slot dropout;

    FeedForward(Gpt2Config c) {
      in = child("c_fc", new TransposedLinear(c.hiddenSize(), c.intermediateSize()));
      out = child("c_proj", new TransposedLinear(c.intermediateSize(), c.hiddenSize()));
      activation = child("act", activation(c.activation()));
      dropout = child("dropout", new Dropout(c.residualDropout()));
    }

    @Override
    public Tensor forward(Tensor x) {
      return dropout.forward(out.forward(activation.forward(in.forward(x)))); // [B, T, H]
    }

    private static Activation activation(String name) {
      return switch (name) {
        case "gelu" -> Activation.gelu();
        case "relu" -> Activation.relu();
        case "silu" -> Activation.silu();
        case "tanh" -> Activation.tanh();
        default -> Activation.geluTanh(); // gelu_new, gelu_pytorch_tanh
      };
    }
  }

  private static LayerNorm norm(Gpt2Config c) {
    return LayerNorm.withEpsilon(c.normEpsilon(), c.hiddenSize());
  }
}
