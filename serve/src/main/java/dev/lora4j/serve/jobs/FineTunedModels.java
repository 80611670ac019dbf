package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServedModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The models of succeeded jobs, and of their checkpoints, among those that are served. */
public final class FineTunedModels {
  private final ServedModels models;
  private final FineTuningJobs jobs;
  private final String organization;

  FineTunedModels(ServedModels models, FineTuningJobs jobs, String organization) {
    this.models = models;
    this.jobs = jobs;
    this.organization = organization;
  }

  /** The base model of a job; empty if it is no longer served. */
  Optional<ServedModel> base(FineTuningJob job) {
    return models.all().stream()
        .map(InferenceEngine::model)
        .filter(model -> model.name().equals(job.request().model()))
        .findFirst();
  }

  /**
   * OpenAI's objects of a job's checkpoints, the newest first. As in OpenAI's API, a checkpoint in
   * the list is ready to use; so there are none before the job has succeeded.
   */
  public List<ObjectNode> checkpoints(FineTuningJob job) {
    if (job.status() != JobStatus.SUCCEEDED) {
      return List.of();
    }
    return new JobCheckpoints(jobs.store().paths(job.id()).checkpoints())
        .list().stream()
            .map(
                checkpoint ->
                    checkpoint
                        .json()
                        .put("fine_tuning_job_id", job.id())
                        .put(
                            "fine_tuned_model_checkpoint",
                            job.checkpointName(organization, checkpoint.step())))
            .toList();
  }

  /**
   * Publishes the models of a job, each loaded at its first request.
   *
   * @throws UserError if one of their names is taken; then none is published
   */
  void publish(FineTuningJob job) {
    base(job).ifPresent(base -> offer(base, directories(job)));
  }

  private static void offer(ServedModel base, Map<String, Path> directories) {
    List<String> offered = new ArrayList<>();
    try {
      directories.forEach(
          (name, directory) -> {
            base.offer(name, directory);
            offered.add(name);
          });
    } catch (UserError e) {
      offered.forEach(base::unload);
      throw e;
    }
  }

  /** Publishes the models of all succeeded jobs. */
  void publishAll() {
    jobs.list().stream().filter(job -> job.status() == JobStatus.SUCCEEDED).forEach(this::publish);
  }

  /** The directories of a succeeded job's adapters by the names of their models. */
  private Map<String, Path> directories(FineTuningJob job) {
    JobPaths paths = jobs.store().paths(job.id());
    Map<String, Path> directories = new LinkedHashMap<>();
    if (Files.exists(paths.run())) {
      directories.put(job.modelName(organization), paths.run());
    }
    new JobCheckpoints(paths.checkpoints())
        .list()
        .forEach(
            checkpoint ->
                directories.put(
                    job.checkpointName(organization, checkpoint.step()), checkpoint.adapter()));
    return directories;
  }

  /**
   * Deletes a fine-tuned model, or that of a checkpoint, from the server and from the disk;
   * completions that run end with it.
   *
   * @throws JobRefusal if there is none of that name
   */
  public void delete(String name) {
    for (FineTuningJob job : jobs.list()) {
      Path directory = job.status() == JobStatus.SUCCEEDED ? directories(job).get(name) : null;
      if (directory != null) {
        base(job).filter(base -> base.knows(name)).ifPresent(base -> base.unload(name));
        JobDirectories.deleteTree(directory);
        return;
      }
    }
    throw JobRefusal.unknown("fine-tuned model", name);
  }
}
