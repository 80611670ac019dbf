package dev.lora4j.llm.dataset;

import dev.lora4j.llm.tokenizer.ChatTemplate;
import java.util.Optional;

/**
 * Options for tokenizing samples.
 *
 * @param maxTokens maximum sequence length; longer examples are truncated
 * @param learned the loss tokens
 * @param template the chat template; empty for a base model without one
 */
public record ExampleOptions(int maxTokens, LossOn learned, Optional<ChatTemplate> template) {
  public ExampleOptions {
    if (maxTokens < 2) {
      throw new IllegalArgumentException("expected at least 2 tokens, found " + maxTokens);
    }
  }

  /**
   * Returns options for completion-only loss with this maximum sequence length, without a chat
   * template.
   */
  public static ExampleOptions ofLength(int maxTokens) {
    return new ExampleOptions(maxTokens, LossOn.ANSWERS, Optional.empty());
  }

  /** Returns a copy with a chat template. */
  public ExampleOptions with(ChatTemplate chatTemplate) {
    return new ExampleOptions(maxTokens, learned, Optional.of(chatTemplate));
  }

  /** Returns a copy with a different choice of loss tokens. */
  public ExampleOptions learning(LossOn which) {
    return new ExampleOptions(maxTokens, which, template);
  }
}
