package dev.lora4j.models.training;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Watches a run, on the run's own thread. */
public interface TuningListener {

  /** Hears nothing. */
  TuningListener NONE = new TuningListener() {};

  /**
   * Before the first step.
   *
   * @param steps how many there will be
   * @param done how many of them were taken before the run was interrupted
   */
  default void onStart(long steps, long done) {}

  /** After each step. */
  default void onStep(Step step) {}

  /** After each evaluation; the first one is before the first step. */
  default void onEvaluation(Evaluation evaluation) {}

  /** After a checkpoint has been written. */
  default void onCheckpoint(Path directory) {}

  /** Asked after each step: whether to save and end here. */
  default boolean wantsToStop() {
    return false;
  }

  /**
   * One step.
   *
   * @param number from 1 on
   * @param epoch from 1 on
   * @param loss the mean before the step: over tokens that carry loss, or over pairs
   * @param learningRate A's
   * @param gradientNorm before it was made shorter
   * @param tokens of the step, those that several examples begin with counted for each
   * @param lossTokens of them, those that carry loss
   * @param duration how long it took
   */
  record Step(
      long number,
      int epoch,
      double loss,
      double learningRate,
      double gradientNorm,
      long tokens,
      long lossTokens,
      Duration duration) {}

  /**
   * An evaluation on the validation data.
   *
   * @param step number of steps taken
   * @param loss the mean validation loss: over tokens that carry loss, or over pairs
   * @param best whether it is the lowest so far
   * @param metrics other means that the objective reports, by name
   */
  record Evaluation(long step, double loss, boolean best, Map<String, Double> metrics) {
    /** Without other metrics. */
    public Evaluation(long step, double loss, boolean best) {
      this(step, loss, best, Map.of());
    }
  }
}
