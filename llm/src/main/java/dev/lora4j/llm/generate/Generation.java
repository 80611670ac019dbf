package dev.lora4j.llm.generate;

import java.time.Duration;
import java.util.List;

/** A completion as tokens, with the prompt tokens that the KV cache held, and timings. */
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

  /** Decoded tokens per second, without the prefill; 0 for a single token. */
  public double tokensPerSecond() {
    return decode.isZero() ? 0 : (tokens.size() - 1) / (decode.toNanos() / 1e9);
  }
}
