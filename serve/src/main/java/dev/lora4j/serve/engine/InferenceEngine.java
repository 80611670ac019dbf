package dev.lora4j.serve.engine;

/** A base model with its adapters, and the scheduler that runs it. */
public record InferenceEngine(ServedModel model, BatchScheduler scheduler)
    implements AutoCloseable {

  /** Starts the scheduler of a model. */
  public static InferenceEngine start(ServedModel model, ServingLimits limits) {
    return new InferenceEngine(model, new BatchScheduler(model, limits));
  }

  @Override
  public void close() {
    scheduler.close();
    model.close();
  }
}
