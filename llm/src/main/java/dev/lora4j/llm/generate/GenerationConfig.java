package dev.lora4j.llm.generate;

import dev.lora4j.nn.Checks;
import java.util.Collection;
import java.util.Set;

/** The maximum number of new tokens, the stop tokens, and the sampling settings of a generation. */
public record GenerationConfig(int maxNewTokens, Set<Long> stopTokens, Sampling sampling) {

  public GenerationConfig {
    Checks.positive("max_new_tokens", maxNewTokens);
    stopTokens = Set.copyOf(stopTokens);
  }

  /** Returns greedy decoding of at most this number of tokens. */
  public static GenerationConfig greedy(int maxNewTokens) {
    return new GenerationConfig(maxNewTokens, Set.of(), Sampling.greedy());
  }

  /** Returns a copy with these stop tokens. */
  public GenerationConfig stoppingAt(Collection<Long> tokens) {
    return new GenerationConfig(maxNewTokens, Set.copyOf(tokens), sampling);
  }

  public GenerationConfig sampling(Sampling sampling) {
    return new GenerationConfig(maxNewTokens, stopTokens, sampling);
  }
}
