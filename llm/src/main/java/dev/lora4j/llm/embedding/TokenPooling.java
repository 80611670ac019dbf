package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import org.bytedeco.pytorch.Tensor;

/** Pooling of a text's hidden states into one vector. */
public enum TokenPooling {
  /** The hidden state of the last token. */
  LAST_TOKEN("lasttoken"),

  /** The mean of all tokens' hidden states. */
  MEAN("mean");

  private final String word;

  TokenPooling(String word) {
    this.word = word;
  }

  /**
   * Reads the {@code config.json} of a pooling module, as versions before and after 6 of
   * sentence-transformers write it.
   *
   * @throws UserError if the pooling is not supported
   */
  static TokenPooling of(JsonDocument config) {
    for (TokenPooling pooling : values()) {
      if (config.text("pooling_mode", "").equals(pooling.word)
          || config.flag(pooling.formerKey(), false)) {
        return pooling;
      }
    }
    throw new UserError(
        config.file() + ": this pooling is not supported; mean and lasttoken pooling are");
  }

  private String formerKey() {
    return this == MEAN ? "pooling_mode_mean_tokens" : "pooling_mode_lasttoken";
  }

  /**
   * Pools hidden states.
   *
   * @param hidden {@code [tokens, hidden]}
   * @return {@code [hidden]}
   */
  Tensor pool(Tensor hidden) {
    return this == MEAN ? hidden.mean(0) : hidden.select(0, hidden.size(0) - 1);
  }
}
