package dev.lora4j.models.generation;

/** Hears each token as soon as it is chosen: to show it, or to end the text on what it says. */
@FunctionalInterface
public interface TokenListener {

  /**
   * @param token the next one of the text
   * @return whether the text goes on
   */
  boolean onToken(long token);
}
