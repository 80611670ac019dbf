package dev.lora4j.train;

/** Watches a training. It is called on the trainer's own thread, so it must be quick. */
public interface TrainingListener {

  /** Hears nothing. */
  TrainingListener NONE = new TrainingListener() {};

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
