package dev.lora4j.llm.embedding;

import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Embeds texts, one at a time, so that an embedding does not depend on others. Threads may share
 * it; each uses the adapters that are active for it.
 */
public final class TextEmbedder {
  private final LanguageModel model;
  private final EmbeddingConfig config;

  public TextEmbedder(LanguageModel model, EmbeddingConfig config) {
    this.model = model;
    this.config = config;
  }

  /** Number of components of an embedding. */
  public int dimensions() {
    return model.config().hiddenSize();
  }

  /** The largest number of tokens of a text. */
  public int maxTokens() {
    return model.maxPositions();
  }

  /**
   * Embeds a text.
   *
   * @param ids token ids with the special tokens that the tokenizer adds; at least one
   * @return {@code [dimensions]}
   */
  public float[] embed(int[] ids) {
    return embed(ids, dimensions());
  }

  /**
   * Embeds a text in fewer dimensions, for models that were trained to allow it (Matryoshka): takes
   * the first components before the normalisation.
   *
   * @param dimensions number of components, at most {@link #dimensions}
   * @return {@code [dimensions]}
   */
  public float[] embed(int[] ids, int dimensions) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor tokens =
          Ops.tensor(Arrays.stream(ids).asLongStream().toArray())
              .view(1, ids.length)
              .to(model.device(), ScalarType.Long);
      Tensor hidden = model.hidden(TokenBatch.of(tokens)); // [1, T, H]
      return config.embedding(Ops.floats(config.pooling().pool(hidden)), dimensions);
    }
  }
}
