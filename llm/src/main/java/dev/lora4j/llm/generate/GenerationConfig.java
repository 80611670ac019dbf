package dev.lora4j.llm.generate;

import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.nn.Checks;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * The settings of a generation.
 *
 * @param maxNewTokens maximum number of new tokens
 * @param constraint the grammar of the text; empty for any text
 */
public record GenerationConfig(
    int maxNewTokens, Set<Long> stopTokens, Sampling sampling, Optional<Constraint> constraint) {

  public GenerationConfig {
    Checks.positive("max_new_tokens", maxNewTokens);
    stopTokens = Set.copyOf(stopTokens);
  }

  /** Returns greedy decoding of at most this number of tokens. */
  public static GenerationConfig greedy(int maxNewTokens) {
    return new GenerationConfig(maxNewTokens, Set.of(), Sampling.greedy(), Optional.empty());
  }

  /** Returns a copy with these stop tokens. */
  public GenerationConfig stoppingAt(Collection<Long> tokens) {
    return new GenerationConfig(maxNewTokens, Set.copyOf(tokens), sampling, constraint);
  }

  public GenerationConfig sampling(Sampling sampling) {
    return new GenerationConfig(maxNewTokens, stopTokens, sampling, constraint);
  }

  /** Returns a copy with a constraint on the text, or without one. */
  public GenerationConfig constraint(Optional<Constraint> constraint) {
    return new GenerationConfig(maxNewTokens, stopTokens, sampling, constraint);
  }
}
