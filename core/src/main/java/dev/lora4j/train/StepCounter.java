package dev.lora4j.train;

import java.time.Duration;

/** Counts steps, records their losses and reports them to the callback. */
final class StepCounter {
  private final TrainingCallback callback;
  private final LossCurve curve;
  private long steps;
  private int epoch;
  private boolean stopped;

  StepCounter(TrainingCallback callback, long totalSteps) {
    this.callback = callback;
    curve = new LossCurve(totalSteps);
    callback.onStart(totalSteps, 0);
  }

  void startEpoch(int number) {
    epoch = number;
  }

  void onStep(double loss, long examples, Duration duration) {
    steps++;
    if (!Double.isFinite(loss)) {
      throw new TrainingFailed(
          "the loss is %s at step %d (epoch %d); try a lower learning rate"
              .formatted(loss, steps, epoch));
    }
    curve.add(steps, loss);
    callback.onStep(new TrainingCallback.Step(steps, epoch, loss, examples, duration));
    stopped = callback.wantsToStop();
  }

  boolean stopped() {
    return stopped;
  }

  long steps() {
    return steps;
  }

  LossCurve curve() {
    return curve;
  }

  StepCounter finish() {
    curve.finish();
    callback.onEnd();
    return this;
  }
}
