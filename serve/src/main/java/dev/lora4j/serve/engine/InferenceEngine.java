package dev.lora4j.serve.engine;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.weights.WeightStorage;
import java.nio.file.Path;
import java.util.Optional;

/** A base model with its adapters, the scheduler of its completions, and its embeddings. */
public record InferenceEngine(
    ServedModel model, BatchScheduler scheduler, EmbeddingEngine embeddings)
    implements AutoCloseable {

  /** Starts the scheduler of a model. */
  public static InferenceEngine start(ServedModel model, ServingLimits limits) {
    return start(model, limits, EngineContext.alone());
  }

  private static InferenceEngine start(
      ServedModel model, ServingLimits limits, EngineContext context) {
    return new InferenceEngine(
        model,
        new BatchScheduler(model, limits, context),
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
    ChatModel opened = ChatModel.open(path, storage);
    ServedModel model = new ServedModel(name, opened, limits.maxAdapters(), folder);
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
    scheduler.close();
    model.close();
  }
}
