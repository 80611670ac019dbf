package dev.lora4j.train;

/** Counts a training's steps, keeps their losses and tells the listener. */
final class Progress {
  private final TrainingListener listener;
  private final LossCurve curve;
  private long steps;
  private int epoch;

  Progress(TrainingListener listener, long totalSteps) {
    this.listener = listener;
    curve = new LossCurve(totalSteps);
    listener.onStart(totalSteps);
  }

  void startEpoch(int epoch) {
    this.epoch = epoch;
  }

  void onStep(double loss, long examples) {
    steps++;
    if (!Double.isFinite(loss)) {
      throw new TrainingFailed(
          "the loss is %s at step %d (epoch %d); try a lower learning rate"
              .formatted(loss, steps, epoch));
    }
    curve.add(steps, loss);
    listener.onStep(new TrainingListener.Step(steps, epoch, loss, examples));
  }

  LossCurve finish() {
    curve.finish();
    listener.onEnd();
    return curve;
  }
}
