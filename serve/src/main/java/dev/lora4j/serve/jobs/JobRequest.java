package dev.lora4j.serve.jobs;

import java.util.Map;
import java.util.Optional;

/**
 * A request for a fine-tuning job.
 *
 * @param model name of a base model
 * @param trainingFile id of an uploaded file
 * @param validationFile id of an uploaded file; without one, a part of the training data is held
 *     out
 * @param suffix part of the name of the fine-tuned model
 * @param seed of initialisation and data order
 * @param metadata a client's own keys and values
 */
public record JobRequest(
    String model,
    String trainingFile,
    Optional<String> validationFile,
    Optional<String> suffix,
    long seed,
    TuningMethod method,
    Hyperparameters hyperparameters,
    Map<String, String> metadata) {
  public JobRequest {
    metadata = Map.copyOf(metadata);
  }

  JobRequest with(Hyperparameters resolved) {
    return new JobRequest(
        model, trainingFile, validationFile, suffix, seed, method, resolved, metadata);
  }
}
