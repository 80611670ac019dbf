package dev.lora4j.llm.generate;

/** Receives each token as soon as it is sampled, and may stop the generation. */
@FunctionalInterface
public interface TokenListener {

  /** Receives the id of the new token and returns whether to continue. */
  boolean onToken(long token);
}
