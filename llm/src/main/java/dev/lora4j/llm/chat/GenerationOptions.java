package dev.lora4j.llm.chat;

import dev.lora4j.UserError;
import dev.lora4j.llm.generate.Sampling;
import java.util.List;

/**
 * The settings of a completion.
 *
 * @param maxNewTokens maximum number of tokens after the prompt
 * @param sampling choice of the next token
 * @param stops stop strings; the completion ends before the first of them
 */
public record GenerationOptions(int maxNewTokens, Sampling sampling, List<String> stops) {
  public GenerationOptions {
    if (maxNewTokens < 1) {
      throw new UserError("max new tokens must be at least 1, found " + maxNewTokens);
    }
    stops = List.copyOf(stops);
    if (stops.contains("")) {
      throw new UserError("a stop string is empty; give the text before which the completion ends");
    }
  }

  /** Greedy decoding of at most this number of tokens, without stop strings. */
  public static GenerationOptions greedy(int maxNewTokens) {
    return new GenerationOptions(maxNewTokens, Sampling.greedy(), List.of());
  }

  public GenerationOptions seed(long seed) {
    return new GenerationOptions(maxNewTokens, sampling.seed(seed), stops);
  }
}
