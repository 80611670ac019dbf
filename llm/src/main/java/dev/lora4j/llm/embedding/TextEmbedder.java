package dev.lora4j.llm.embedding;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Embeds texts, one at a time, so that an embedding does not depend on others. Threads may share
 * it; each uses the adapters that are active for it.
 */
public final class TextEmbedder {
  private final Backbone backbone;
  private final EmbeddingConfig config;
  private final int maxTokens;
  private final UnaryOperator<String> preparation;

  public TextEmbedder(LanguageModel model, EmbeddingConfig config) {
    this(
        new DecoderBackbone(model, Optional.empty()),
        config,
        model.maxPositions(),
        UnaryOperator.identity());
  }

  TextEmbedder(
      Backbone backbone, EmbeddingConfig config, int maxTokens, UnaryOperator<String> preparation) {
    this.backbone = backbone;
    this.config = config;
    this.maxTokens = maxTokens;
    this.preparation = preparation;
  }

  /** Number of components of an embedding. */
  public int dimensions() {
    return config.dimensions(backbone.dimensions());
  }

  /** The largest number of tokens of a text. */
  public int maxTokens() {
    return maxTokens;
  }

  /** Returns a text as the tokenizer is to encode it: in lower case, if the model wants that. */
  public String prepared(String text) {
    return preparation.apply(text);
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
      List<TokenSequence> text = List.of(TokenSequence.of(ids));
      return config.embedding(Ops.floats(backbone.pooled(text, config.pooling())), dimensions);
    }
  }
}
