package dev.lora4j.llm.chat;

import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.nn.Checks;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a completion, which ends before the first stop string.
 *
 * @param constraint the grammar of the text; empty for any text
 */
public record GenerationOptions(
    int maxNewTokens, Sampling sampling, List<String> stops, Optional<Constraint> constraint) {
  public GenerationOptions {
    Checks.positive("max new tokens", maxNewTokens);
    stops = List.copyOf(stops);
    if (stops.contains("")) {
      throw new UserError("a stop string is empty; give the text before which the completion ends");
    }
  }

  /** The settings of a completion that may be any text. */
  public GenerationOptions(int maxNewTokens, Sampling sampling, List<String> stops) {
    this(maxNewTokens, sampling, stops, Optional.empty());
  }

  /** Greedy decoding of at most this number of tokens, without stop strings. */
  public static GenerationOptions greedy(int maxNewTokens) {
    return new GenerationOptions(maxNewTokens, Sampling.greedy(), List.of());
  }

  public GenerationOptions seed(long seed) {
    return new GenerationOptions(maxNewTokens, sampling.seed(seed), stops, constraint);
  }

  /** Returns a copy whose text keeps to a constraint. */
  public GenerationOptions constraint(Constraint constraint) {
    return new GenerationOptions(maxNewTokens, sampling, stops, Optional.of(constraint));
  }
}
