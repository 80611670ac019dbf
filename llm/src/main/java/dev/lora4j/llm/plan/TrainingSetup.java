package dev.lora4j.llm.plan;

import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.lora.config.LoraConfig;

/**
 * The settings of a training run that decide on its memory.
 *
 * @param workers the threads that share a batch
 */
public record TrainingSetup(
    BaseWeights base, LoraConfig adapter, BatchConfig batching, int workers) {

  public TrainingSetup with(BaseWeights another) {
    return new TrainingSetup(another, adapter, batching, workers);
  }

  public TrainingSetup with(LoraConfig another) {
    return new TrainingSetup(base, another, batching, workers);
  }

  public TrainingSetup with(BatchConfig another) {
    return new TrainingSetup(base, adapter, another, workers);
  }

  /** Returns the number of workers that get a row of the batch. */
  int busyWorkers() {
    return Math.min(workers, batching.batchSize());
  }
}
