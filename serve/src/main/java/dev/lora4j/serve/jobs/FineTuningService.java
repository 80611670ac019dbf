package dev.lora4j.serve.jobs;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.serve.engine.DaemonThreads;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.engine.Uninterrupted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Files and fine-tuning jobs in a directory, and the threads that validate and train them. */
public final class FineTuningService implements AutoCloseable {
  private final ProcessLock lock;
  private final UploadedFiles files;
  private final FineTuningJobs jobs;
  private final FineTunedModels models;
  private final String organization;
  private final ExecutorService validating =
      Executors.newSingleThreadExecutor(new DaemonThreads("lora4j-validation"));
  private final Thread training;

  private FineTuningService(ProcessLock lock, JobSettings settings, ServedModels served) {
    this.lock = lock;
    organization = settings.organization();
    files = new UploadedFiles(settings.directory(), settings.limits());
    JobStore store = new JobStore(settings.directory(), organization);
    jobs = new FineTuningJobs(store, settings.limits());
    models = new FineTunedModels(served, jobs, organization);
    models.publishAll();
    jobs.list().stream()
        .filter(job -> job.status() == JobStatus.VALIDATING_FILES)
        .forEach(this::validate);
    training =
        new DaemonThreads("lora4j-training")
            .newThread(new JobTrainer(settings, jobs, files, models));
    training.start();
  }

  /**
   * Opens a directory of files and jobs, and continues its unfinished jobs.
   *
   * @param served the base models
   * @throws UserError if another process uses the directory, or the general texts can't be read
   */
  public static FineTuningService open(JobSettings settings, ServedModels served) {
    settings.general().filter(file -> !Files.isReadable(file)).ifPresent(FineTuningService::refuse);
    ProcessLock lock = lock(settings.directory());
    try {
      return new FineTuningService(lock, settings, served);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static void refuse(Path file) {
    throw new UserError("cannot read the general texts of the gate: " + file);
  }

  private static ProcessLock lock(Path directory) {
    JobDirectories.create(directory);
    Path file = directory.resolve(".lock");
    try {
      return ProcessLock.tryTake(file)
          .orElseThrow(
              () ->
                  new UserError(
                      "%s is in use by %s; give this server another directory of jobs"
                          .formatted(directory, ProcessLock.holder(file))));
    } catch (IOException e) {
      throw AtomicFile.explained(file, e);
    }
  }

  public UploadedFiles files() {
    return files;
  }

  public FineTuningJobs jobs() {
    return jobs;
  }

  public FineTunedModels models() {
    return models;
  }

  /** The organisation in the names of fine-tuned models. */
  public String organization() {
    return organization;
  }

  /** Creates a job, and begins to validate its files. */
  public FineTuningJob create(JobRequest request) {
    FineTuningJob job = jobs.create(request, files);
    validate(job);
    return job;
  }

  private void validate(FineTuningJob job) {
    validating.execute(() -> new JobValidation(jobs).run(job));
  }

  /** Ends the validation and training that run, after a line or a step, and all event streams. */
  public void stop() {
    jobs.close();
  }

  /** Stops and waits for the end; a job that was running goes on at the next start. */
  @Override
  public void close() {
    stop();
    validating.shutdown();
    Uninterrupted.await(() -> validating.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS));
    Uninterrupted.await(training::join);
    lock.close();
  }
}
