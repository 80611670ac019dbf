package dev.lora4j.serve.engine;

import dev.lora4j.llm.generate.FinishReason;

/** Receives a completion on the scheduler's thread, so it must not block. */
public interface GenerationListener {

  /** The completion has left the queue. */
  default void onStart() {}

  /**
   * The prompt has been prefilled.
   *
   * @param cachedTokens number of its tokens whose keys and values were cached
   */
  default void onPrefilled(long cachedTokens) {}

  /**
   * A token has been generated, a stop token included.
   *
   * @return whether to continue
   */
  boolean onToken(GeneratedToken token);

  /** Returns whether the completion is no longer needed. */
  boolean isCancelled();

  /** The completion has ended. */
  void onEnd(FinishReason reason);

  /** The completion has failed. */
  void onFailure(Throwable failure);
}
