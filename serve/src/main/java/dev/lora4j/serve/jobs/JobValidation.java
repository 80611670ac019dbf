package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.serve.jobs.upload.ChatExample;
import dev.lora4j.serve.jobs.upload.PreferenceExample;
import dev.lora4j.serve.jobs.upload.TrainingFileCheck;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The check of a job's files, after which it is queued or failed. It ends after a line if the job
 * is cancelled or the server closes; at the next start, it begins again.
 *
 * @param rules the rules for an example of each method
 */
record JobValidation(FineTuningJobs jobs, Function<TuningMethod, Consumer<ObjectNode>> rules) {
  private static final int MIN_EXAMPLES = 10;

  JobValidation(FineTuningJobs jobs) {
    this(
        jobs, method -> method == TuningMethod.DPO ? PreferenceExample::check : ChatExample::check);
  }

  void run(FineTuningJob job) {
    String id = job.id();
    try {
      JobPaths paths = jobs.store().paths(id);
      TuningMethod method = job.request().method();
      Consumer<ObjectNode> rules = whileNeeded(id).andThen(this.rules.apply(method));
      TrainingFileCheck training =
          TrainingFileCheck.of(paths.uploadedTraining(), rules, MIN_EXAMPLES);
      Optional<TrainingFileCheck> validation =
          paths.uploadedValidation().map(file -> TrainingFileCheck.of(file, rules, 1));
      boolean valid =
          isValid(id, JobError.TRAINING_FILE, training)
              && (validation.isEmpty() || isValid(id, JobError.VALIDATION_FILE, validation.get()));
      if (valid) {
        convert(id, method);
        queue(job, training);
      }
    } catch (UserError e) {
      jobs.fail(id, JobError.of("server_error", String.valueOf(e.getMessage())));
    } catch (CancellationException e) {
      System.getLogger(JobValidation.class.getName())
          .log(System.Logger.Level.DEBUG, "the validation of job " + id + " was stopped");
    } catch (RuntimeException | VirtualMachineError e) {
      System.getLogger(JobValidation.class.getName())
          .log(System.Logger.Level.ERROR, "job " + id + " can't be validated", e);
      jobs.fail(id, JobError.of("server_error", "the server failed to validate the files"));
    }
  }

  private Consumer<ObjectNode> whileNeeded(String id) {
    return row -> {
      if (!jobs.isIn(id, JobStatus.VALIDATING_FILES)) {
        throw new CancellationException();
      }
    };
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

  private void convert(String id, TuningMethod method) {
    if (method == TuningMethod.DPO) {
      JobPaths paths = jobs.store().paths(id);
      Consumer<ObjectNode> check = whileNeeded(id);
      Path training = paths.uploadedTraining();
      PreferenceExample.convert(training, paths.data(training, method), check);
      paths
          .uploadedValidation()
          .ifPresent(file -> PreferenceExample.convert(file, paths.data(file, method), check));
    }
  }

  private void queue(FineTuningJob job, TrainingFileCheck training) {
    JobRequest request = job.request();
    Hyperparameters resolved =
        request.hyperparameters().resolve(request.method(), training.examples());
    jobs.change(
        job.id(),
        JobStatus.VALIDATING_FILES,
        found -> found.with(resolved).with(JobStatus.QUEUED),
        JobEvent.info(
            "Files validated: %,d training examples; batch size %d, %d epochs, learning-rate multiplier %s"
                .formatted(
                    training.examples(),
                    resolved.batchSize().orElseThrow(),
                    resolved.epochs().orElseThrow(),
                    resolved.learningRateMultiplier().orElseThrow())));
  }
}
