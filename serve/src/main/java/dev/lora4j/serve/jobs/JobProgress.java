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
  private static final String STEP = "step";
  private static final String VALID_LOSS = "valid_loss";
  private static final String TRAIN_LOSS = "train_loss";

  private final String id;
  private final FineTuningJobs jobs;
  private final FineTuneRun run;
  private final JobCheckpoints checkpoints;
  private long recordedStep;
  private long recordedEvaluation = -1;
  private long total;
  private long first;
  private long startNanos;
  private double trainLoss;

  JobProgress(String id, FineTuningJobs jobs, FineTuneRun run) {
    this.id = id;
    this.jobs = jobs;
    this.run = run;
    checkpoints = new JobCheckpoints(jobs.store().paths(id).checkpoints());
    for (JsonNode event : jobs.events(id)) {
      JsonNode data = event.path("data");
      if (data.has(TRAIN_LOSS)) {
        recordedStep = Math.max(recordedStep, data.path(STEP).asLong());
      } else if (data.has(VALID_LOSS)) {
        recordedEvaluation = Math.max(recordedEvaluation, data.path(STEP).asLong());
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
    trainLoss = step.loss();
    Duration each =
        Duration.ofNanos(System.nanoTime() - startNanos).dividedBy(step.number() - first);
    jobs.estimate(id, FineTuningJobs.now() + each.multipliedBy(total - step.number()).toSeconds());
    long every = Math.max(1, total / MAX_STEP_EVENTS);
    boolean due = step.number() % every == 0 || step.number() == total;
    if (!due || step.number() <= recordedStep) {
      return;
    }
    ObjectNode data = data(step.number()).put(TRAIN_LOSS, step.loss());
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
    if (evaluation.step() > 0) {
      checkpoints.write(run.adapted(), evaluation.step(), trainLoss, evaluation.loss());
    }
    if (evaluation.step() <= recordedEvaluation) {
      return;
    }
    ObjectNode data = data(evaluation.step()).put(VALID_LOSS, evaluation.loss());
    data.put("full_valid_loss", evaluation.loss());
    jobs.event(
        id,
        JobEvent.metrics(
            String.format(
                Locale.ROOT,
                "Step %d/%d: validation loss=%.4f",
                evaluation.step(),
                total,
                evaluation.loss()),
            data));
  }

  private ObjectNode data(long step) {
    return JsonNodeFactory.instance.objectNode().put(STEP, step).put("total_steps", total);
  }

  @Override
  public boolean wantsToStop() {
    return !jobs.isRunning(id);
  }
}
