package dev.lora4j.llm.generate;

import java.time.Duration;
import java.util.List;

/**
 * A completion, as tokens.
 *
 * @param tokens the tokens after the prompt, including a stop token
 * @param finishReason why it ended
 * @param promptTokens length of the prompt
 * @param cached number of prompt tokens that the KV cache already held
 * @param prefill time to the first token
 * @param decode time for the other tokens
 */
public record Generation(
    List<Long> tokens,
    FinishReason finishReason,
    int promptTokens,
    int cached,
    Duration prefill,
    Duration decode) {

  public Generation {
    tokens = List.copyOf(tokens);
  }

  /** Decoded tokens a second, without the prefill; 0 for a single token. */
  public double tokensPerSecond() {
    return decode.isZero() ? 0 : (tokens.size() - 1) / (decode.toNanos() / 1e9);
  }
}
