package dev.lora4j.spark;

import dev.lora4j.train.TrainingCallback;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;

/** Ends a task after a step if Spark has killed it. */
final class StageCancellation implements TrainingCallback {
  private final TaskContext context;

  StageCancellation(TaskContext context) {
    this.context = context;
  }

  @Override
  public void onStep(Step step) {
    if (context.isInterrupted()) {
      throw new TaskKilledException("the stage was cancelled");
    }
  }
}
