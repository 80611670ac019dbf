package dev.lora4j.serve.engine;

import dev.lora4j.llm.generate.FinishReason;

/**
 * Confines the failures of a listener to its own completion, so that they reach neither the
 * scheduler nor other completions.
 */
record GuardedListener(GenerationListener listener) implements GenerationListener {
  private static final System.Logger LOG = System.getLogger(GuardedListener.class.getName());

  @Override
  public void onStart() {
    guarded(listener::onStart);
  }

  @Override
  public void onPrefilled(long cachedTokens) {
    guarded(() -> listener.onPrefilled(cachedTokens));
  }

  /** Passes the listener's failure on, which ends the completion. */
  @Override
  public boolean onToken(GeneratedToken token) {
    return listener.onToken(token);
  }

  @Override
  public boolean isCancelled() {
    try {
      return listener.isCancelled();
    } catch (RuntimeException e) {
      log(e);
      return true;
    }
  }

  @Override
  public void onEnd(FinishReason reason) {
    try {
      listener.onEnd(reason);
    } catch (RuntimeException e) {
      onFailure(e);
    }
  }

  @Override
  public void onFailure(Throwable failure) {
    guarded(() -> listener.onFailure(failure));
  }

  private static void guarded(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      log(e);
    }
  }

  private static void log(RuntimeException failure) {
    LOG.log(System.Logger.Level.ERROR, "the listener of a completion failed", failure);
  }
}
