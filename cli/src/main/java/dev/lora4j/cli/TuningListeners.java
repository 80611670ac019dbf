package dev.lora4j.cli;

import dev.lora4j.models.training.TuningListener;
import java.nio.file.Path;
import java.util.List;

/** Forwards every event to several listeners, in this order. */
record TuningListeners(List<TuningListener> all) implements TuningListener {
  TuningListeners {
    all = List.copyOf(all);
  }

  static TuningListener of(TuningListener... all) {
    return new TuningListeners(List.of(all));
  }

  @Override
  public void onStart(long steps, long done) {
    all.forEach(listener -> listener.onStart(steps, done));
  }

  @Override
  public void onStep(Step step) {
    all.forEach(listener -> listener.onStep(step));
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    all.forEach(listener -> listener.onEvaluation(evaluation));
  }

  @Override
  public void onCheckpoint(Path directory) {
    all.forEach(listener -> listener.onCheckpoint(directory));
  }

  @Override
  public boolean wantsToStop() {
    return all.stream().anyMatch(TuningListener::wantsToStop);
  }
}
