package dev.lora4j.serve.engine;

import dev.lora4j.llm.weights.WeightStorage;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A base model with its adapters and its embeddings.
 *
 * @param completions the scheduler of its completions; empty for an encoder
 */
public record InferenceEngine(
    ServedModel model, Optional<BatchScheduler> completions, EmbeddingEngine embeddings)
    implements AutoCloseable {

  /**
   * Returns the scheduler of its completions.
   *
   * @throws dev.lora4j.UserError if the model is an encoder
   */
  public BatchScheduler scheduler() {
    model.chat();
    return completions.orElseThrow();
  }

  /** Starts the scheduler of a model. */
  public static InferenceEngine start(ServedModel model, ServingLimits limits) {
    return start(model, limits, EngineContext.alone());
  }

  private static InferenceEngine start(
      ServedModel model, ServingLimits limits, EngineContext context) {
    return new InferenceEngine(
        model,
        model.generates()
            ? Optional.of(new BatchScheduler(model, limits, context))
            : Optional.empty(),
        new EmbeddingEngine(model, limits, context));
  }

  /**
   * Opens one of several base models and starts its scheduler.
   *
   * @param storage how the base's matrices are kept in memory
   * @param folder directories of adapters that are loaded at their first request; empty for none
   */
  public static InferenceEngine open(
      String name,
      Path path,
      WeightStorage storage,
      Optional<Path> folder,
      ServingLimits limits,
      EngineContext context) {
    ServedModel model = ServedModel.open(name, path, storage, limits.maxAdapters(), folder);
    try {
      return start(model, limits, context);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  @Override
  public void close() {
    embeddings.close();
    completions.ifPresent(BatchScheduler::close);
    model.close();
  }
}
