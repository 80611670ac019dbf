package dev.lora4j.train;

import dev.lora4j.nn.Module;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The steps of a {@link Trainer}, and the evaluations and checkpoints of its run, if it has one.
 */
final class ExampleSteps implements TrainingLoop.Body {
  private final Module network;
  private final GradientStep step;
  private final Prefetch batches;
  private final Optional<TrainingRun> run;
  private final TrainingCallback callback;

  ExampleSteps(
      Module network,
      GradientStep step,
      Prefetch batches,
      Optional<TrainingRun> run,
      TrainingCallback callback) {
    this.network = network;
    this.step = step;
    this.batches = batches;
    this.run = run;
    this.callback = callback;
  }

  @Override
  public TrainingLoop.Taken take(CheckpointState state) {
    long start = System.nanoTime();
    long number = state.step() + 1;
    Prefetch.Piece batch = batches.batch(state.step());
    GradientStep.Outcome taken =
        step.take(batch.chunk(), batch.from(), batch.size(), run.isPresent());
    double loss = taken.loss() / batch.size();
    int epoch = Math.toIntExact(state.epoch());
    if (!Double.isFinite(loss)) {
      throw new TrainingFailed(
          "the loss is %s at step %d (epoch %d); try a lower learning rate%s"
              .formatted(loss, number, epoch, note()));
    }
    return new TrainingLoop.Taken(
        taken.loss(),
        batch.size(),
        new TrainingCallback.Step(
            number,
            epoch,
            loss,
            batch.size(),
            Double.NaN,
            taken.gradientNorm(),
            0,
            0,
            Duration.ofNanos(System.nanoTime() - start)));
  }

  @Override
  public boolean isEvaluated() {
    return run.isPresent() && run.get().validation().isPresent();
  }

  @Override
  public TrainingLoop.Evaluated evaluate(CheckpointState state) {
    network.train(false);
    try {
      TrainingLoop.Evaluated found = run.orElseThrow().validation().orElseThrow().get();
      if (!Double.isFinite(found.loss())) {
        throw new TrainingFailed(
            "the validation loss is %s after step %d; try a lower learning rate%s"
                .formatted(found.loss(), state.step(), note()));
      }
      return found;
    } finally {
      network.train(true);
    }
  }

  private String note() {
    return run.map(r -> "; " + new RunDirectory(r.directory()).note()).orElse("");
  }

  @Override
  public void checkpoint(CheckpointState state) {
    run.ifPresent(
        r ->
            callback.onCheckpoint(
                new RunDirectory(r.directory()).write(r.save(), step.gradients(), state)));
  }

  /** Prepares the directory, and returns the state to resume from. */
  CheckpointState open() {
    if (run.isEmpty()) {
      return CheckpointState.START;
    }
    return new RunDirectory(run.get().directory())
        .open(run.get().resumed(), run.get().settings(), step.gradients());
  }

  /** Publishes the adapter of a finished run. */
  static RunResult publish(TrainingRun run, CheckpointState state, RunResult.End end) {
    boolean best = run.keepsBest() && state.best().isPresent();
    long chosen = best ? state.bestStep() : state.step();
    return new TrainingRun.Result(
        state.step(),
        state.loss() / state.units(),
        state.before(),
        state.bestStep() == chosen ? state.best() : OptionalDouble.empty(),
        chosen,
        Duration.ofNanos(state.nanos()),
        new RunDirectory(run.directory()).publish(chosen),
        end,
        run.directory());
  }
}
