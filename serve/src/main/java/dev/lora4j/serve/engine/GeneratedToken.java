package dev.lora4j.serve.engine;

import java.util.List;

/**
 * A token of a completion.
 *
 * @param id the token
 * @param logProb its log-probability; NaN unless it was asked for
 * @param top the most probable tokens at its place
 */
public record GeneratedToken(long id, double logProb, List<LogProb> top) {

  /** A token and its log-probability. */
  public record LogProb(long id, double logProb) {}

  public GeneratedToken {
    top = List.copyOf(top);
  }
}
