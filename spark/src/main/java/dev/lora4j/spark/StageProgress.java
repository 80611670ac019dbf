package dev.lora4j.spark;

import dev.lora4j.train.TrainingCallback;
import org.apache.spark.util.LongAccumulator;

/** The progress of a run in Spark's user interface. */
final class StageProgress implements TrainingCallback {
  private final LongAccumulator steps;
  private final LongAccumulator tokens;

  StageProgress(LongAccumulator steps, LongAccumulator tokens) {
    this.steps = steps;
    this.tokens = tokens;
  }

  @Override
  public void onStart(long all, long done) {
    steps.add(done);
  }

  @Override
  public void onStep(Step step) {
    steps.add(1);
    tokens.add(step.tokens());
  }
}
