package dev.lora4j.models.generation;

import dev.lora4j.UserError;
import java.util.Collection;
import java.util.Set;

/**
 * How a text is made and where it ends.
 *
 * @param maxNewTokens at most so many tokens after the prompt
 * @param stopTokens a text ends with any of these
 * @param sampling how the next token is chosen
 */
public record GenerationConfig(int maxNewTokens, Set<Long> stopTokens, Sampling sampling) {

  public GenerationConfig {
    if (maxNewTokens < 1) {
      throw new UserError("max_new_tokens must be at least 1, found " + maxNewTokens);
    }
    stopTokens = Set.copyOf(stopTokens);
  }

  /** The likeliest tokens, so many. */
  public static GenerationConfig greedy(int maxNewTokens) {
    return new GenerationConfig(maxNewTokens, Set.of(), Sampling.greedy());
  }

  /** The same, ending with any of these tokens too. */
  public GenerationConfig stoppingAt(Collection<Long> tokens) {
    return new GenerationConfig(maxNewTokens, Set.copyOf(tokens), sampling);
  }

  /** The same, choosing tokens in this way. */
  public GenerationConfig sampling(Sampling sampling) {
    return new GenerationConfig(maxNewTokens, stopTokens, sampling);
  }
}
