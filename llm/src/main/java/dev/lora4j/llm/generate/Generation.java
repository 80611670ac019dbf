package dev.lora4j.llm.generate;

import java.time.Duration;
import java.util.List;

/**
 * A completion, as tokens.
 *
 * @param tokens the tokens after the prompt, including a stop token
 * @param end the finish reason
 * @param promptTokens length of the prompt
 * @param known number of prompt tokens that the KV cache already held
 * @param prefill time to the first token
 * @param decode time for the other tokens
 */
public record Generation(
    List<Long> tokens, End end, int promptTokens, int known, Duration prefill, Duration decode) {

  /** The finish reason. */
  public enum End {
    /** The model generated a stop token. */
    STOP_TOKEN,
    /** The maximum number of new tokens is reached. */
    LENGTH,
    /** The model's maximum sequence length is reached. */
    MAX_POSITIONS,
    /** The listener stopped the generation. */
    LISTENER
  }

  public Generation {
    tokens = List.copyOf(tokens);
  }

  /** Decoded tokens a second, without the prefill; 0 for a single token. */
  public double tokensPerSecond() {
    return decode.isZero() ? 0 : (tokens.size() - 1) / (decode.toNanos() / 1e9);
  }
}
