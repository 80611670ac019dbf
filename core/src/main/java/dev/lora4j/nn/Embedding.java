package dev.lora4j.nn;

import dev.lora4j.UserError;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A table of vectors looked up by index, from {@code N(0, 1)}: PyTorch's {@code nn.Embedding}. */
public final class Embedding extends Module implements WeightedLayer {
  private static final long NO_PADDING = -1;

  private final long paddingIndex;
  private final WeightStore weight;

  public Embedding(long numEmbeddings, long dim) {
    this(numEmbeddings, dim, OptionalLong.empty());
  }

  /** The same; the vector at the padding index starts at zero and gets no gradient. */
  public Embedding(long numEmbeddings, long dim, OptionalLong paddingIndex) {
    Checks.positive("num_embeddings", numEmbeddings);
    Checks.positive("embedding_dim", dim);
    this.paddingIndex = paddingIndex.orElse(NO_PADDING);
    if (paddingIndex.isPresent() && (this.paddingIndex < 0 || this.paddingIndex >= numEmbeddings)) {
      throw new UserError(
          "padding_idx must be in [0, %d), found %d".formatted(numEmbeddings, this.paddingIndex));
    }
    Parameter values = parameter("weight", Init.normal(0, 1, numEmbeddings, dim));
    weight = new DenseWeights(values);
    if (paddingIndex.isPresent()) {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        values.value().select(0, this.paddingIndex).zero_();
      }
    }
  }

  private Embedding(WeightStore weight, OptionalLong paddingIndex) {
    this.paddingIndex = paddingIndex.orElse(NO_PADDING);
    this.weight = weight;
    weight.parameters().forEach(this::share);
  }

  /**
   * Returns a table over an existing weight, which other modules may share.
   *
   * @param weight {@code [num_embeddings, dim]}
   */
  public static Embedding sharing(WeightStore weight, OptionalLong paddingIndex) {
    Checks.dimensions("weight", weight.shape(), 2);
    return new Embedding(weight, paddingIndex);
  }

  /** The same over a dense weight. */
  public static Embedding sharing(Parameter weight, OptionalLong paddingIndex) {
    return sharing(new DenseWeights(weight), paddingIndex);
  }

  /**
   * @param input {@code [batch…]}, int64, each in {@code [0, num_embeddings)}
   * @return {@code [batch…, dim]}
   */
  @Override
  public Tensor forward(Tensor input) {
    return weight.lookup(input, paddingIndex);
  }

  /** Looks up indices in another table; the bias is ignored. */
  @Override
  public Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias) {
    return torch.embedding(weight, input, paddingIndex, false, false);
  }

  @Override
  public Embedding withStore(WeightStore other) {
    return new Embedding(
        other, paddingIndex < 0 ? OptionalLong.empty() : OptionalLong.of(paddingIndex));
  }

  @Override
  public Tensor withoutBias(Tensor input) {
    return forward(input);
  }

  /** {@code [num_embeddings, dim]}. */
  @Override
  public WeightStore store() {
    return weight;
  }

  @Override
  public int outputAxis() {
    return 1;
  }
}
