package dev.lora4j.models.talk;

/** Hears a text while it is written. */
@FunctionalInterface
public interface TextListener {

  /**
   * Called after each token.
   *
   * @param piece what the token makes certain; often nothing, as a character or a stop string may
   *     be under way
   * @return whether the text goes on
   */
  boolean onText(String piece);
}
