package dev.lora4j.llm.model;

import dev.lora4j.nn.kernel.SoftCap;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How the tokens of a layer attend to the tokens up to themselves.
 *
 * @param window the sliding window, in tokens, a token itself included; empty for all
 * @param scoreCap soft cap of the attention scores, before the softmax (Gemma 2)
 * @param dropout probability of dropping an attention weight in training
 */
public record AttentionRule(OptionalLong window, Optional<SoftCap> scoreCap, double dropout) {

  /** Attention to all earlier tokens. */
  public static AttentionRule full(double dropout) {
    return new AttentionRule(OptionalLong.empty(), Optional.empty(), dropout);
  }

  /** Attention within a sliding window; empty for all earlier tokens. */
  public static AttentionRule within(OptionalLong window, double dropout) {
    return new AttentionRule(window, Optional.empty(), dropout);
  }

  /** Returns the rule of a layer that is in training or not: dropout is for training. */
  public AttentionRule whileTraining(boolean training) {
    return training || dropout == 0 ? this : new AttentionRule(window, scoreCap, 0);
  }
}
