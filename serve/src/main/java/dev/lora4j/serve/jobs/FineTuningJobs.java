package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.serve.jobs.EventLog.EventPage;
import dev.lora4j.serve.jobs.FineTuningJob.Outcome;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * The jobs and their states. All changes go through this class, one at a time, and are on the disk
 * before they are visible.
 */
public final class FineTuningJobs {
  private static final Set<JobStatus> PAUSABLE = Set.of(JobStatus.QUEUED, JobStatus.RUNNING);
  private static final String JOB = "fine-tuning job";

  private final JobStore store;
  private final JobLimits limits;
  private final Map<String, FineTuningJob> jobs = new LinkedHashMap<>(); // guarded by this
  private final Map<String, Long> estimates = new ConcurrentHashMap<>();
  private boolean closed; // guarded by this

  FineTuningJobs(JobStore store, JobLimits limits) {
    this.store = store;
    this.limits = limits;
    for (FineTuningJob job : store.load()) {
      jobs.put(job.id(), job);
      if (job.status() == JobStatus.RUNNING) {
        update(
            job.id(),
            found -> found.with(JobStatus.QUEUED),
            JobEvent.info("The server has restarted; the job goes on"));
      }
    }
  }

  // ---- requests ----

  /**
   * Creates a job.
   *
   * @throws JobRefusal if too many jobs wait, or are on the disk
   */
  public synchronized FineTuningJob create(JobRequest request, UploadedFiles files) {
    long unfinished = jobs.values().stream().filter(job -> !job.status().isFinal()).count();
    if (unfinished >= limits.maxUnfinished()) {
      throw JobRefusal.tooMany(
          "%,d jobs are waiting or running; cancel some, or try again later".formatted(unfinished));
    }
    if (jobs.size() >= limits.maxJobs()) {
      throw JobRefusal.tooMany(
          "the server keeps at most %,d jobs; move old ones out of its directory of jobs"
              .formatted(limits.maxJobs()));
    }
    FineTuningJob job =
        new FineTuningJob(
            RandomIds.next(JobStore.ID_PREFIX),
            now(),
            request,
            JobStatus.VALIDATING_FILES,
            0,
            Optional.empty());
    store.create(
        job,
        files.content(files.get(request.trainingFile())),
        request.validationFile().map(id -> files.content(files.get(id))));
    jobs.put(job.id(), job);
    event(job.id(), JobEvent.info("Created fine-tuning job: " + job.id()));
    event(job.id(), JobEvent.info("Validating the files"));
    return job;
  }

  /**
   * Returns a job.
   *
   * @throws JobRefusal if there is none
   */
  public synchronized FineTuningJob get(String id) {
    return Optional.ofNullable(jobs.get(id)).orElseThrow(() -> JobRefusal.unknown(JOB, id));
  }

  /** All jobs, the newest first. */
  public synchronized List<FineTuningJob> list() {
    List<FineTuningJob> all = new ArrayList<>();
    jobs.values().forEach(job -> all.add(0, job));
    return all;
  }

  /**
   * Cancels a job; a running one ends after its step.
   *
   * @throws JobRefusal if it has ended
   */
  public synchronized FineTuningJob cancel(String id) {
    FineTuningJob job = get(id);
    if (job.status().isFinal()) {
      throw JobRefusal.conflict("cancel", job);
    }
    return update(
        id,
        found -> found.with(JobStatus.CANCELLED, Outcome.cancelled(now())),
        JobEvent.info("The job is cancelled"));
  }

  /**
   * Pauses a job; a running one writes a checkpoint after its step.
   *
   * @throws JobRefusal if it neither waits nor runs
   */
  public synchronized FineTuningJob pause(String id) {
    FineTuningJob job = get(id);
    if (!PAUSABLE.contains(job.status())) {
      throw JobRefusal.conflict("pause", job);
    }
    return update(id, found -> found.with(JobStatus.PAUSED), JobEvent.info("The job is paused"));
  }

  /**
   * Resumes a paused job from its last checkpoint.
   *
   * @throws JobRefusal if it is not paused
   */
  public synchronized FineTuningJob resume(String id) {
    FineTuningJob job = get(id);
    if (job.status() != JobStatus.PAUSED) {
      throw JobRefusal.conflict("resume", job);
    }
    return update(id, found -> found.with(JobStatus.QUEUED), JobEvent.info("The job is resumed"));
  }

  // ---- events, gate, estimates ----

  void event(String id, JobEvent event) {
    store.events(id).append(event);
  }

  /** The events of a job, the oldest first. */
  public List<JsonNode> events(String id) {
    return store.events(get(id).id()).all();
  }

  /** The events of a job after a position: 0, or the end of an earlier page. */
  public EventPage events(String id, long position) {
    return store.events(get(id).id()).since(position);
  }

  /** A number that grows with each event and each change of a job. */
  public long version(String id) {
    return store.events(get(id).id()).version();
  }

  /** Waits until the version of a job has grown, at most for this time. */
  public void awaitChange(String id, long known, long millis) throws InterruptedException {
    store.events(get(id).id()).awaitChange(known, millis);
  }

  /** The gate's verdict on a job; empty before it. */
  public Optional<JsonNode> gate(String id) {
    return store.gate(get(id).id());
  }

  void estimate(String id, long finish) {
    estimates.put(id, finish);
  }

  /** The time at which a running job is expected to end, in seconds since 1970. */
  public Optional<Long> estimatedFinish(FineTuningJob job) {
    return job.status() == JobStatus.RUNNING
        ? Optional.ofNullable(estimates.get(job.id()))
        : Optional.empty();
  }

  // ---- for the threads that validate and train ----

  JobStore store() {
    return store;
  }

  /** Waits for a queued job, the oldest first; empty if the server closes. */
  synchronized Optional<FineTuningJob> awaitQueued() throws InterruptedException {
    while (!closed) {
      Optional<FineTuningJob> next =
          jobs.values().stream().filter(job -> job.status() == JobStatus.QUEUED).findFirst();
      if (next.isPresent()) {
        return next;
      }
      wait();
    }
    return Optional.empty();
  }

  /** Publishes the models of a job that has succeeded: all of them, or none. */
  @FunctionalInterface
  interface Publication {
    void publish(FineTuningJob job);
  }

  /** Returns whether a job is to go on: nobody has paused or cancelled it, or closes the server. */
  boolean isRunning(String id) {
    return isIn(id, JobStatus.RUNNING);
  }

  /** Returns whether a job has a status and the server does not close. */
  synchronized boolean isIn(String id, JobStatus status) {
    return !closed && get(id).status() == status;
  }

  /** Changes a job if it still has a status; returns whether it had. */
  synchronized boolean change(
      String id, JobStatus expected, UnaryOperator<FineTuningJob> change, JobEvent... events) {
    if (get(id).status() != expected) {
      return false;
    }
    update(id, change, events);
    return true;
  }

  /**
   * Changes a job on the disk, then for everybody. Its events are recorded in between: not of a
   * change that the disk refused, and before a stream of events sees the last status.
   */
  private synchronized FineTuningJob update(
      String id, UnaryOperator<FineTuningJob> change, JobEvent... events) {
    FineTuningJob changed = change.apply(get(id));
    store.save(changed);
    recordIfPossible(id, events);
    put(changed);
    return changed;
  }

  /** Records events of a change that is on the disk already; a full disk does not undo it. */
  private void recordIfPossible(String id, JobEvent... events) {
    try {
      for (JobEvent event : events) {
        event(id, event);
      }
    } catch (UserError e) {
      log(id, e);
    }
  }

  private static void log(String id, UserError failure) {
    System.getLogger(FineTuningJobs.class.getName())
        .log(System.Logger.Level.ERROR, "a change of job " + id + " can't be recorded", failure);
  }

  private void put(FineTuningJob job) {
    jobs.put(job.id(), job);
    notifyAll();
    store.events(job.id()).wake();
  }

  /**
   * Ends a running job as succeeded, unless it has been paused or cancelled meanwhile: on the disk
   * first, so that no model is served that a restart would not serve.
   *
   * @return whether it has succeeded
   * @throws UserError if the disk refuses, or a name is taken; nothing is published then
   */
  synchronized boolean succeed(String id, Outcome outcome, Publication publication) {
    if (get(id).status() != JobStatus.RUNNING) {
      return false;
    }
    FineTuningJob succeeded = get(id).with(JobStatus.SUCCEEDED, outcome);
    store.save(succeeded);
    publication.publish(succeeded);
    recordIfPossible(
        id,
        JobEvent.info("New fine-tuned model created: " + outcome.fineTunedModel().orElseThrow()),
        JobEvent.info("The job has successfully completed"));
    put(succeeded);
    return true;
  }

  /**
   * Ends a job as failed, unless it has been cancelled meanwhile. If the disk refuses, it has
   * failed until the next start.
   */
  synchronized void fail(String id, JobError error) {
    if (get(id).status().isFinal()) {
      return;
    }
    FineTuningJob failed = get(id).with(JobStatus.FAILED, Outcome.failed(now(), error));
    try {
      store.save(failed);
    } catch (UserError e) {
      log(id, e);
    }
    recordIfPossible(id, JobEvent.error(error.message()));
    put(failed);
  }

  static long now() {
    return Instant.now().getEpochSecond();
  }

  /** Returns whether the server closes. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /** Lets the waiting threads end; the states stay, so that jobs go on at the next start. */
  synchronized void close() {
    closed = true;
    notifyAll();
    jobs.keySet().forEach(id -> store.events(id).wake());
  }
}
