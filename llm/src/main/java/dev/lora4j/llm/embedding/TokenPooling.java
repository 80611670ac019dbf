package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.UnpaddedTokens;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Pooling of a text's hidden states into one vector, under sentence-transformers' names. */
public enum TokenPooling {
  /** The hidden state of the first token. */
  CLS("cls", "pooling_mode_cls_token"),

  /** The largest value of each component. */
  MAX("max", "pooling_mode_max_tokens"),

  /** The mean of all tokens' hidden states. */
  MEAN("mean", "pooling_mode_mean_tokens"),

  /** Their sum over the root of their number. */
  MEAN_SQRT_LENGTH("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"),

  /** Their mean, weighted by the position, from 1. */
  WEIGHTED_MEAN("weightedmean", "pooling_mode_weightedmean_tokens"),

  /** The hidden state of the last token. */
  LAST_TOKEN("lasttoken", "pooling_mode_lasttoken");

  private final String word;
  private final String formerKey;

  TokenPooling(String word, String formerKey) {
    this.word = word;
    this.formerKey = formerKey;
  }

  /**
   * Reads the {@code config.json} of a pooling module, as versions before and after 6 of
   * sentence-transformers write it.
   *
   * @throws UserError if the pooling is not supported
   */
  static TokenPooling of(JsonDocument config) {
    if (!config.flag("include_prompt", true)) {
      throw new UserError(
          config.path("include_prompt") + " = false is not supported; it would change the result");
    }
    List<String> words = config.texts("pooling_mode");
    List<TokenPooling> active =
        Arrays.stream(values())
            .filter(
                pooling ->
                    words.isEmpty()
                        ? config.flag(pooling.formerKey, false)
                        : words.contains(pooling.word))
            .toList();
    if (active.size() > 1 || words.size() > active.size()) {
      throw new UserError(
          "%s: pooling %s is not supported; one of these is: %s"
              .formatted(
                  config.file(),
                  words.isEmpty() ? names(active) : String.join(" + ", words),
                  names(List.of(values()))));
    }
    return active.isEmpty() ? MEAN : active.get(0);
  }

  private static String names(List<TokenPooling> poolings) {
    return poolings.stream().map(pooling -> pooling.word).collect(Collectors.joining(", "));
  }

  /**
   * Pools the hidden states of texts of one length.
   *
   * @param hidden {@code [texts, tokens, hidden]}
   * @return {@code [texts, hidden]}
   */
  public Tensor pool(Tensor hidden) {
    long tokens = hidden.size(1);
    return switch (this) {
      case CLS -> hidden.select(1, 0);
      case MAX -> hidden.amax(new long[] {1}, false);
      case MEAN -> hidden.mean(1);
      case MEAN_SQRT_LENGTH -> hidden.mean(1).mul(new Scalar(Math.sqrt(tokens)));
      case WEIGHTED_MEAN -> weightedMean(hidden, tokens);
      case LAST_TOKEN -> hidden.select(1, tokens - 1);
    };
  }

  private static Tensor weightedMean(Tensor hidden, long tokens) {
    Tensor positions = Ops.range(1, tokens + 1).to(hidden.device(), ScalarType.Float);
    Tensor weights = positions.div(new Scalar(tokens * (tokens + 1) / 2.0)).view(1, tokens, 1);
    return hidden.mul(weights).sum(1);
  }

  /**
   * Computes one vector for each text of a batch.
   *
   * @return {@code [B, H]}, in the order of the batch
   */
  public Tensor ofTexts(Encoder encoder, UnpaddedTokens tokens) {
    return this == CLS
        ? encoder.firstHidden(tokens)
        : tokens.pooled(encoder.hidden(tokens), this::pool);
  }
}
