package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.train.TrainingCallback;
import java.time.Duration;
import java.util.Locale;

/**
 * Records the steps of a job as events, the adapter of each epoch as a checkpoint, and the expected
 * end. Steps that a resumed run repeats are not recorded again.
 */
final class JobProgress implements TrainingCallback {
  private static final long MAX_STEP_EVENTS = 1_000;

  private final String id;
  private final FineTuningJobs jobs;
  private final FineTuneRun run;
  private final JobCheckpoints checkpoints;
  private long recordedStep;
  private long recordedEvaluation = -1;
  private long total;
  private long first;
  private long startNanos;
  private JobMetrics training = JobMetrics.none(); // of the last step

  JobProgress(String id, FineTuningJobs jobs, FineTuneRun run) {
    this.id = id;
    this.jobs = jobs;
    this.run = run;
    checkpoints = new JobCheckpoints(jobs.store().paths(id).checkpoints());
    for (JsonNode event : jobs.events(id)) {
      JsonNode data = event.path("data");
      long step = data.path(JobMetrics.STEP).asLong();
      if (data.has(JobMetrics.TRAIN_LOSS)) {
        recordedStep = Math.max(recordedStep, step);
      } else if (data.has(JobMetrics.VALID_LOSS)) {
        recordedEvaluation = Math.max(recordedEvaluation, step);
      }
    }
  }

  @Override
  public void onStart(long steps, long done) {
    total = steps;
    first = done;
    startNanos = System.nanoTime();
    jobs.event(
        id,
        JobEvent.info(
            done == 0
                ? "Fine-tuning starts: %,d steps".formatted(steps)
                : "Fine-tuning goes on after step %,d of %,d".formatted(done, steps)));
  }

  @Override
  public void onStep(Step step) {
    training = JobMetrics.of(step);
    Duration each =
        Duration.ofNanos(System.nanoTime() - startNanos).dividedBy(step.number() - first);
    jobs.estimate(id, FineTuningJobs.now() + each.multipliedBy(total - step.number()).toSeconds());
    long every = Math.max(1, total / MAX_STEP_EVENTS);
    boolean due = step.number() % every == 0 || step.number() == total;
    if (!due || step.number() <= recordedStep) {
      return;
    }
    ObjectNode data = data(step.number(), training);
    data.put("learning_rate", step.learningRate()).put("gradient_norm", step.gradientNorm());
    jobs.event(
        id,
        JobEvent.metrics(
            String.format(
                Locale.ROOT, "Step %d/%d: training loss=%.4f", step.number(), total, step.loss()),
            data));
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    JobMetrics validation = JobMetrics.of(evaluation);
    if (evaluation.step() > 0) {
      checkpoints.write(run.adapted(), evaluation.step(), training.and(validation));
    }
    if (evaluation.step() <= recordedEvaluation) {
      return;
    }
    jobs.event(
        id,
        JobEvent.metrics(
            String.format(
                Locale.ROOT,
                "Step %d/%d: validation loss=%.4f",
                evaluation.step(),
                total,
                evaluation.loss()),
            data(evaluation.step(), validation)));
  }

  private ObjectNode data(long step, JobMetrics metrics) {
    ObjectNode data =
        JsonNodeFactory.instance.objectNode().put(JobMetrics.STEP, step).put("total_steps", total);
    return data.setAll(metrics.json());
  }

  @Override
  public boolean wantsToStop() {
    return !jobs.isRunning(id);
  }
}
