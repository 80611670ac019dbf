package dev.lora4j.train;

import java.util.Map;

/**
 * The loop of a run: steps, evaluations, early stopping and checkpoints. It depends neither on the
 * model nor on the data; a trainer provides both as the loop's body.
 */
public final class TrainingLoop {

  /** A trainer's part of a run. */
  public interface Body {
    /** Takes the step after this state. */
    Taken take(CheckpointState state);

    /** Returns whether there are validation examples. */
    boolean isEvaluated();

    /** Evaluates on the validation examples. */
    Evaluated evaluate(CheckpointState state);

    /** Writes a checkpoint, if the run has any. */
    void checkpoint(CheckpointState state);
  }

  /**
   * A step that was taken.
   *
   * @param loss summed over the step's units, before the step
   * @param units number of units, such as examples or loss tokens
   * @param step its report
   */
  public record Taken(double loss, long units, TrainingCallback.Step step) {}

  /**
   * The result of an evaluation.
   *
   * @param loss the mean
   * @param metrics other means, by name
   */
  public record Evaluated(double loss, Map<String, Double> metrics) {}

  private final Body body;
  private final EvalAndSavePolicy policy;
  private final boolean keepsBest;
  private final long stepsPerEpoch;
  private final long total;
  private final TrainingCallback callback;

  private CheckpointState state = CheckpointState.START;
  private RunResult.End end = RunResult.End.COMPLETE;

  /**
   * @param keepsBest whether the adapter with the lowest validation loss is kept, not the last one
   * @param total number of steps
   */
  public TrainingLoop(
      Body body,
      EvalAndSavePolicy policy,
      boolean keepsBest,
      long stepsPerEpoch,
      long total,
      TrainingCallback callback) {
    this.body = body;
    this.policy = policy;
    this.keepsBest = keepsBest;
    this.stepsPerEpoch = stepsPerEpoch;
    this.total = total;
    this.callback = callback;
  }

  /** Runs from a state to the end, or until the callback or early stopping ends it. */
  public CheckpointState run(CheckpointState start) {
    state = start;
    callback.onStart(total, state.step());
    if (state.step() == 0 && state.before().isEmpty() && body.isEvaluated()) {
      Evaluated found = body.evaluate(state);
      state = state.before(found.loss());
      report(found, false);
    }
    boolean running = state.step() < total && !isPatienceExhausted();
    while (running) {
      take();
      boolean stop = callback.wantsToStop();
      boolean finished = state.step() >= total;
      boolean best = isEvaluationDue(finished) && evaluate();
      boolean early = isPatienceExhausted();
      if (best || stop || finished || early || isDue(policy.checkpointEvery())) {
        body.checkpoint(state);
      }
      running = !stop && !finished && !early;
      if (stop && !finished) {
        end = RunResult.End.STOPPED;
      }
    }
    if (isPatienceExhausted() && state.step() < total) {
      end = RunResult.End.EARLY;
    }
    callback.onEnd();
    return state;
  }

  /** Returns why the run ended. */
  public RunResult.End end() {
    return end;
  }

  private void take() {
    Taken taken = body.take(state);
    state = state.plus(taken, stepsPerEpoch);
    callback.onStep(taken.step());
    if (state.step() % stepsPerEpoch == 0) {
      callback.onEpoch(taken.step().epoch());
    }
  }

  private boolean isEvaluationDue(boolean finished) {
    return body.isEvaluated() && (finished || isDue(policy.evaluateEvery()));
  }

  private boolean isDue(long every) {
    return EvalAndSavePolicy.isDue(every, state.step(), stepsPerEpoch);
  }

  /** Evaluates and returns whether the validation loss is the lowest so far. */
  private boolean evaluate() {
    Evaluated found = body.evaluate(state);
    boolean best = keepsBest && state.isBest(found.loss());
    state = keepsBest ? state.evaluated(found.loss()) : state.latest(found.loss());
    report(found, best);
    return best;
  }

  private void report(Evaluated found, boolean best) {
    callback.onEvaluation(
        new TrainingCallback.Evaluation(state.step(), found.loss(), best, found.metrics()));
  }

  private boolean isPatienceExhausted() {
    return policy.patience() > 0 && state.sinceBest() >= policy.patience();
  }
}
