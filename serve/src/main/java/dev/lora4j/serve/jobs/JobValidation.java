package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.serve.jobs.upload.ChatExample;
import dev.lora4j.serve.jobs.upload.PreferenceExample;
import dev.lora4j.serve.jobs.upload.TrainingFileCheck;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The check of a job's files, after which it is queued or failed. */
record JobValidation(FineTuningJobs jobs) {
  private static final int MIN_EXAMPLES = 10;

  void run(FineTuningJob job) {
    String id = job.id();
    try {
      JobPaths paths = jobs.store().paths(id);
      TuningMethod method = job.request().method();
      Consumer<ObjectNode> rules =
          method == TuningMethod.DPO ? PreferenceExample::check : ChatExample::check;
      TrainingFileCheck training =
          TrainingFileCheck.of(paths.uploadedTraining(), rules, MIN_EXAMPLES);
      Optional<TrainingFileCheck> validation =
          paths.uploadedValidation().map(file -> TrainingFileCheck.of(file, rules, 1));
      boolean valid =
          isValid(id, JobError.TRAINING_FILE, training)
              && (validation.isEmpty() || isValid(id, JobError.VALIDATION_FILE, validation.get()));
      if (valid) {
        convert(paths, method);
        queue(job, training);
      }
    } catch (UserError e) {
      jobs.fail(id, JobError.of("server_error", String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      System.getLogger(JobValidation.class.getName())
          .log(System.Logger.Level.ERROR, "job " + id + " can't be validated", e);
      jobs.fail(id, JobError.of("server_error", "the server failed to validate the files"));
    }
  }

  private boolean isValid(String id, String param, TrainingFileCheck check) {
    if (check.problems() == 0) {
      return true;
    }
    check.listed().forEach(problem -> jobs.event(id, JobEvent.error(param + ": " + problem)));
    jobs.fail(
        id,
        JobError.invalid(
            param,
            "The job failed due to an invalid %s: %s"
                .formatted(param.replace('_', ' '), check.message())));
    return false;
  }

  private static void convert(JobPaths paths, TuningMethod method) {
    if (method == TuningMethod.DPO) {
      Path training = paths.uploadedTraining();
      PreferenceExample.convert(training, paths.data(training, method));
      paths
          .uploadedValidation()
          .ifPresent(file -> PreferenceExample.convert(file, paths.data(file, method)));
    }
  }

  private void queue(FineTuningJob job, TrainingFileCheck training) {
    JobRequest request = job.request();
    Hyperparameters resolved =
        request.hyperparameters().resolve(request.method(), training.examples());
    jobs.event(
        job.id(),
        JobEvent.info(
            "Files validated: %,d training examples; batch size %d, %d epochs, learning-rate multiplier %s"
                .formatted(
                    training.examples(),
                    resolved.batchSize().orElseThrow(),
                    resolved.epochs().orElseThrow(),
                    resolved.learningRateMultiplier().orElseThrow())));
    jobs.change(
        job.id(), JobStatus.VALIDATING_FILES, found -> found.with(resolved).with(JobStatus.QUEUED));
  }
}
