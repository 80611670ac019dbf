package dev.lora4j.llm.chat;

import dev.lora4j.UserError;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.nn.Checks;
import java.util.List;

/** The settings of a completion, which ends before the first stop string. */
public record GenerationOptions(int maxNewTokens, Sampling sampling, List<String> stops) {
  public GenerationOptions {
    Checks.positive("max new tokens", maxNewTokens);
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
