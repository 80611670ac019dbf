package dev.lora4j.train;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Observes a run, of images or texts alike, and may stop it, on the trainer's own thread. */
public interface TrainingCallback {

  TrainingCallback NONE = new TrainingCallback() {};

  /** Several callbacks as one, called in this order. */
  static TrainingCallback all(TrainingCallback... callbacks) {
    return new CallbackList(List.of(callbacks));
  }

  /**
   * Before the first step.
   *
   * @param steps number of steps of the whole run
   * @param done number of steps taken before an interruption; 0 for a new run
   */
  default void onStart(long steps, long done) {}

  default void onStep(Step step) {}

  /**
   * After each epoch; the network may be read and saved here.
   *
   * @param epoch counted from 1
   */
  default void onEpoch(int epoch) {}

  /** After each evaluation on validation data; the first one precedes the first step. */
  default void onEvaluation(Evaluation evaluation) {}

  default void onCheckpoint(Path directory) {}

  default void onEnd() {}

  /** Asked after each step; true ends the run, with a checkpoint where the run has any. */
  default boolean wantsToStop() {
    return false;
  }

  /**
   * A step that was taken, NaN or 0 where the trainer has no such value.
   *
   * @param loss the mean over the step's units, before the step
   * @param learningRate of matrix A
   * @param gradientNorm before clipping
   * @param tokens in the step; shared prefixes count for each example
   * @param lossTokens loss tokens
   * @param metrics the objective's other means by name
   */
  record Step(
      long number,
      int epoch,
      double loss,
      long examples,
      double learningRate,
      double gradientNorm,
      long tokens,
      long lossTokens,
      Duration duration,
      Map<String, Double> metrics) {
    public Step {
      metrics = Map.copyOf(metrics);
    }

    /** A step without other metrics. */
    public Step(
        long number,
        int epoch,
        double loss,
        long examples,
        double learningRate,
        double gradientNorm,
        long tokens,
        long lossTokens,
        Duration duration) {
      this(
          number,
          epoch,
          loss,
          examples,
          learningRate,
          gradientNorm,
          tokens,
          lossTokens,
          duration,
          Map.of());
    }

    /** A step on examples without tokens. */
    public Step(long number, int epoch, double loss, long examples, Duration duration) {
      this(number, epoch, loss, examples, Double.NaN, Double.NaN, 0, 0, duration);
    }
  }

  /** An evaluation on validation data after a step, with the objective's other means by name. */
  record Evaluation(long step, double loss, boolean best, Map<String, Double> metrics) {
    public Evaluation {
      metrics = Map.copyOf(metrics);
    }

    /** An evaluation without other metrics. */
    public Evaluation(long step, double loss, boolean best) {
      this(step, loss, best, Map.of());
    }
  }
}
