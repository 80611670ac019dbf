package dev.lora4j.train;

/** Watches a training. It is called on the trainer's own thread, so it must be quick. */
public interface TrainingListener {

  /** Hears nothing. */
  TrainingListener NONE = new TrainingListener() {};

  /** Tells two listeners, in this order. */
  static TrainingListener both(TrainingListener first, TrainingListener second) {
    return new TrainingListener() {
      @Override
      public void onStart(long steps) {
        first.onStart(steps);
        second.onStart(steps);
      }

      @Override
      public void onStep(Step step) {
        first.onStep(step);
        second.onStep(step);
      }

      @Override
      public void onEpoch(int epoch) {
        first.onEpoch(epoch);
        second.onEpoch(epoch);
      }

      @Override
      public void onEnd() {
        first.onEnd();
        second.onEnd();
      }
    };
  }

  /**
   * Before the first step.
   *
   * @param steps how many there will be
   */
  default void onStart(long steps) {}

  /** After each step. */
  default void onStep(Step step) {}

  /**
   * After each epoch; the network may be read and saved here.
   *
   * @param epoch from 1 on
   */
  default void onEpoch(int epoch) {}

  /** After the last step. */
  default void onEnd() {}

  /**
   * A step that was taken.
   *
   * @param number from 1 on
   * @param epoch from 1 on
   * @param loss mean over the batch's examples, before the step
   * @param examples how many were in the batch
   */
  record Step(long number, int epoch, double loss, long examples) {}
}
