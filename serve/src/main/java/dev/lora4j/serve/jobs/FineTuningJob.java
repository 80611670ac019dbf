package dev.lora4j.serve.jobs;

import java.util.List;
import java.util.Optional;

/**
 * A fine-tuning job.
 *
 * @param createdAt in seconds since 1970
 * @param trainWorkers threads that train it; 0 until it starts
 * @param outcome of a job that has ended
 */
public record FineTuningJob(
    String id,
    long createdAt,
    JobRequest request,
    JobStatus status,
    int trainWorkers,
    Optional<Outcome> outcome) {
  /** The beginning of the names of fine-tuned models. */
  public static final String NAME_PREFIX = "ft:";

  /**
   * The end of a job.
   *
   * @param finishedAt in seconds since 1970
   * @param trainedTokens tokens in all its steps; empty unless it succeeded
   * @param fineTunedModel the model's name; empty unless it succeeded
   * @param resultFiles ids of files with the metrics
   * @param error of a failed job
   */
  public record Outcome(
      long finishedAt,
      Optional<Long> trainedTokens,
      Optional<String> fineTunedModel,
      List<String> resultFiles,
      Optional<JobError> error) {
    public Outcome {
      resultFiles = List.copyOf(resultFiles);
    }

    static Outcome cancelled(long at) {
      return new Outcome(at, Optional.empty(), Optional.empty(), List.of(), Optional.empty());
    }

    static Outcome failed(long at, JobError error) {
      return new Outcome(at, Optional.empty(), Optional.empty(), List.of(), Optional.of(error));
    }
  }

  FineTuningJob with(JobStatus another) {
    return new FineTuningJob(id, createdAt, request, another, trainWorkers, outcome);
  }

  FineTuningJob with(JobStatus last, Outcome end) {
    return new FineTuningJob(id, createdAt, request, last, trainWorkers, Optional.of(end));
  }

  FineTuningJob with(Hyperparameters resolved) {
    return new FineTuningJob(id, createdAt, request.with(resolved), status, trainWorkers, outcome);
  }

  FineTuningJob trainedBy(int workers) {
    return new FineTuningJob(id, createdAt, request, status, workers, outcome);
  }

  /** The name of the fine-tuned model, {@code ft:BASE:ORGANIZATION:SUFFIX:ID}. */
  String modelName(String organization) {
    return (NAME_PREFIX + "%s:%s:%s:%s")
        .formatted(
            request.model(),
            organization,
            request.suffix().orElse(""),
            id.substring(JobStore.ID_PREFIX.length()));
  }

  /** The name of the model of a checkpoint. */
  String checkpointName(String organization, long step) {
    return modelName(organization) + ":ckpt-step-" + step;
  }
}
