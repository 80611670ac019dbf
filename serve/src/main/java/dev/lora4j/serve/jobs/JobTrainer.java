package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.gate.GateVerdict;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.jobs.FineTuningJob.Outcome;
import dev.lora4j.serve.jobs.JobRun.Trained;
import dev.lora4j.train.TrainingFailed;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/** Trains the queued jobs, one at a time, on the thread that runs it. */
final class JobTrainer implements Runnable {
  private static final System.Logger LOG = System.getLogger(JobTrainer.class.getName());

  private final JobSettings settings;
  private final FineTuningJobs jobs;
  private final UploadedFiles files;
  private final FineTunedModels models;

  JobTrainer(
      JobSettings settings, FineTuningJobs jobs, UploadedFiles files, FineTunedModels models) {
    this.settings = settings;
    this.jobs = jobs;
    this.files = files;
    this.models = models;
  }

  @Override
  public void run() {
    try {
      Optional<FineTuningJob> next = jobs.awaitQueued();
      while (next.isPresent()) {
        train(next.get().id());
        next = jobs.awaitQueued();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void train(String id) {
    try {
      boolean started =
          jobs.change(
              id,
              JobStatus.QUEUED,
              job ->
                  job.trainedBy(job.trainWorkers() > 0 ? job.trainWorkers() : settings.workers())
                      .with(JobStatus.RUNNING));
      if (started) {
        train(jobs.get(id));
      }
    } catch (CancellationException e) {
      LOG.log(System.Logger.Level.DEBUG, "job " + id + " was stopped in the gate");
    } catch (UserError | CorruptFile | TrainingFailed e) {
      jobs.fail(id, JobError.of("training_failed", withoutPaths(id, e)));
    } catch (RuntimeException | VirtualMachineError e) {
      LOG.log(System.Logger.Level.ERROR, "job " + id + " failed", e);
      jobs.fail(id, JobError.of("server_error", "the server failed to train the model"));
    }
  }

  private String withoutPaths(String id, RuntimeException e) {
    String directory =
        jobs.store().paths(id).directory() + Path.of("/").getFileSystem().getSeparator();
    return String.valueOf(e.getMessage()).replace(directory, "");
  }

  private void train(FineTuningJob job) {
    ServedModel base =
        models
            .base(job)
            .orElseThrow(
                () -> new UserError("the model " + job.request().model() + " is not served"));
    JobRun run = new JobRun(job, settings, jobs);
    try (ChatModel replica = base.replica()) {
      Optional<Trained> trained = run.train(replica);
      if (trained.isPresent() && jobs.isRunning(job.id())) {
        finish(job, trained.get(), run.judge(replica, trained.get()));
      }
    }
  }

  private void finish(FineTuningJob job, Trained trained, GateVerdict verdict) {
    ObjectNode record = JsonNodeFactory.instance.objectNode();
    verdict.fill(record);
    jobs.store().saveGate(job.id(), record);
    ObjectNode data = JsonNodeFactory.instance.objectNode();
    data.set("gate", record);
    jobs.event(
        job.id(), JobEvent.metrics(verdict.passed() ? "The gate passes" : "The gate fails", data));
    if (!verdict.passed()) {
      jobs.fail(
          job.id(),
          JobError.of(
              "gate_failed",
              "The fine-tuned model is not published: " + String.join("; ", verdict.reasons())));
      return;
    }
    succeed(job, trained);
  }

  private void succeed(FineTuningJob job, Trained trained) {
    List<String> results = results(job);
    Outcome outcome =
        new Outcome(
            FineTuningJobs.now(),
            Optional.of(trained.tokens()),
            Optional.of(job.modelName(settings.organization())),
            results,
            Optional.empty());
    boolean succeeded = false;
    try {
      succeeded = jobs.succeed(job.id(), outcome, models::publish);
    } finally {
      if (!succeeded) {
        results.forEach(files::delete);
      }
    }
  }

  /** Adds the table of metrics to the files; empty if there is no room for it. */
  private List<String> results(FineTuningJob job) {
    Path metrics = jobs.store().paths(job.id()).run().resolve("metrics.jsonl");
    try {
      UploadedFile file =
          files.add(
              ResultsCsv.NAME, "fine-tune-results", target -> ResultsCsv.write(metrics, target));
      return List.of(file.id());
    } catch (JobRefusal e) {
      jobs.event(job.id(), JobEvent.warn("No result file: " + e.getMessage()));
      return List.of();
    }
  }
}
