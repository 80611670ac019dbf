package dev.lora4j.llm.generate;

/** Receives each token as soon as it is sampled, and may stop the generation. */
@FunctionalInterface
public interface TokenListener {

  /**
   * @param token the id of the new token
   * @return whether to continue
   */
  boolean onToken(long token);
}
