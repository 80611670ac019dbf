package dev.lora4j.models.generation;

import java.time.Duration;
import java.util.List;

/**
 * A text that was made.
 *
 * @param tokens those after the prompt, with the stop token if one ended it
 * @param end why it ended
 * @param promptTokens length of the prompt
 * @param known how many tokens at the prompt's beginning were read before, for an earlier text
 * @param prefill time until the first token was chosen
 * @param decode time for all that followed
 */
public record Generation(
    List<Long> tokens, End end, int promptTokens, int known, Duration prefill, Duration decode) {

  /** Why a text ended. */
  public enum End {
    /** One of the stop tokens came. */
    STOP_TOKEN,
    /** It has as many tokens as were asked for. */
    LENGTH,
    /** The model's longest text is reached. */
    MAX_POSITIONS,
    /** The listener did not want more. */
    LISTENER
  }

  public Generation {
    tokens = List.copyOf(tokens);
  }

  /** Tokens by second once the prompt is read; 0 where there was only one. */
  public double tokensPerSecond() {
    return decode.isZero() ? 0 : (tokens.size() - 1) / (decode.toNanos() / 1e9);
  }
}
