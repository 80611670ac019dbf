package dev.lora4j.llm.gate;

import dev.lora4j.UserError;

/**
 * The limits of a gate.
 *
 * @param maxForgetting the largest rise of the loss on general texts, in nats per token
 * @param minStopped the smallest fraction of held-out prompts whose completion ends with a stop
 *     token
 */
public record GateLimits(double maxForgetting, double minStopped) {
  public GateLimits {
    if (!(maxForgetting >= 0) || Double.isInfinite(maxForgetting)) {
      throw new UserError("max-forgetting must be at least 0, found " + maxForgetting);
    }
    if (!(minStopped >= 0 && minStopped <= 1)) {
      throw new UserError("min-stopped must be between 0 and 1, found " + minStopped);
    }
  }

  /** A rise of at most 0.2 nats, and half of the completions that stop. */
  public static GateLimits defaults() {
    return new GateLimits(0.2, 0.5);
  }
}
