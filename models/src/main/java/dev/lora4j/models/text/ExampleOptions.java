package dev.lora4j.models.text;

import java.util.Optional;

/**
 * How samples become examples.
 *
 * @param maxTokens the greatest length of an example; what is longer is cut
 * @param learned which tokens carry loss
 * @param template how conversations are written; none for models that know no conversations
 */
public record ExampleOptions(int maxTokens, Learned learned, Optional<ChatTemplate> template) {
  public ExampleOptions {
    if (maxTokens < 2) {
      throw new IllegalArgumentException("expected at least 2 tokens, found " + maxTokens);
    }
  }

  /** Examples of at most so many tokens, of which the answers are learned; no chat template. */
  public static ExampleOptions ofLength(int maxTokens) {
    return new ExampleOptions(maxTokens, Learned.ANSWERS, Optional.empty());
  }

  /** The same with a chat template. */
  public ExampleOptions with(ChatTemplate chatTemplate) {
    return new ExampleOptions(maxTokens, learned, Optional.of(chatTemplate));
  }

  /** The same with another choice of what is learned. */
  public ExampleOptions learning(Learned which) {
    return new ExampleOptions(maxTokens, which, template);
  }
}
