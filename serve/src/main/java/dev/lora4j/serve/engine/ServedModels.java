package dev.lora4j.serve.engine;

import dev.lora4j.NearMiss;
import java.util.List;

/** The base models of a server. Requests name a base model or one of its adapters. */
public final class ServedModels implements AutoCloseable {
  private final List<InferenceEngine> engines;

  /**
   * @param engines at least one; the first is the default of requests that name no model
   */
  public ServedModels(List<InferenceEngine> engines) {
    this.engines = List.copyOf(engines);
  }

  /** Returns the engine of the first base model. */
  public InferenceEngine first() {
    return engines.get(0);
  }

  public List<InferenceEngine> all() {
    return engines;
  }

  /**
   * Returns the engine that answers requests for a model.
   *
   * @param name of a base model or an adapter
   * @throws UnknownModel if there is none of that name
   */
  public InferenceEngine of(String name) {
    return engines.stream()
        .filter(engine -> engine.model().knows(name))
        .findFirst()
        .orElseThrow(() -> unknown(name));
  }

  private UnknownModel unknown(String name) {
    List<String> known =
        engines.stream().flatMap(engine -> engine.model().names().stream()).toList();
    return new UnknownModel(name, NearMiss.hint(name, known));
  }

  @Override
  public void close() {
    engines.forEach(InferenceEngine::close);
  }
}
