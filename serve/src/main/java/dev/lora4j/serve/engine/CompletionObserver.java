package dev.lora4j.serve.engine;

/** Observes the completions of an engine. */
@FunctionalInterface
public interface CompletionObserver {

  /**
   * A completion is about to be queued.
   *
   * @param base the name of the base model
   * @return the listener that receives it, which passes everything on to the request's own
   */
  GenerationListener observe(String base, GenerationRequest request);
}
