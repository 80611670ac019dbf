package dev.lora4j.serve.jobs;

import dev.lora4j.UserError;
import dev.lora4j.llm.gate.GateLimits;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The settings of fine-tuning.
 *
 * @param directory holds files and jobs
 * @param workers threads that train
 * @param general general texts, on which the gate measures forgetting
 * @param gate the limits of the gate
 * @param organization part of the names of fine-tuned models
 */
public record JobSettings(
    Path directory,
    int workers,
    Optional<Path> general,
    GateLimits gate,
    String organization,
    JobLimits limits) {
  public JobSettings {
    if (workers < 1) {
      throw new UserError("train-workers must be at least 1, found " + workers);
    }
    if (!organization.matches("[A-Za-z0-9_.-]{1,64}")) {
      throw new UserError(
          "organization: expected up to 64 letters, digits, '_', '.' and '-', found "
              + organization);
    }
  }

  /** Half of the cores train; the gate has its default limits, and no general texts. */
  public static JobSettings in(Path directory) {
    int cores = Runtime.getRuntime().availableProcessors();
    return new JobSettings(
        directory,
        Math.max(1, cores / 2),
        Optional.empty(),
        GateLimits.defaults(),
        "lora4j",
        JobLimits.defaults());
  }

  public JobSettings workers(int count) {
    return new JobSettings(directory, count, general, gate, organization, limits);
  }

  public JobSettings general(Path file) {
    return new JobSettings(directory, workers, Optional.of(file), gate, organization, limits);
  }

  public JobSettings gate(GateLimits another) {
    return new JobSettings(directory, workers, general, another, organization, limits);
  }

  public JobSettings organization(String name) {
    return new JobSettings(directory, workers, general, gate, name, limits);
  }

  public JobSettings limits(JobLimits another) {
    return new JobSettings(directory, workers, general, gate, organization, another);
  }
}
