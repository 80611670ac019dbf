package dev.lora4j.models.talk;

import dev.lora4j.UserError;
import dev.lora4j.models.generation.Sampling;
import java.util.List;

/**
 * How long a text may be, and how it is chosen.
 *
 * @param maxNewTokens at most so many tokens after the prompt
 * @param sampling how the next token is chosen
 * @param stops strings before which the text ends; they are not part of it
 */
public record WritingOptions(int maxNewTokens, Sampling sampling, List<String> stops) {
  public WritingOptions {
    if (maxNewTokens < 1) {
      throw new UserError("max new tokens must be at least 1, found " + maxNewTokens);
    }
    stops = List.copyOf(stops);
    if (stops.contains("")) {
      throw new UserError(
          "a stop string is empty; give the text before which the answer is to end");
    }
  }

  /** The same with another seed. */
  public WritingOptions seed(long seed) {
    return new WritingOptions(maxNewTokens, sampling.seed(seed), stops);
  }
}
