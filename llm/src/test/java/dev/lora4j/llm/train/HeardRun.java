package dev.lora4j.llm.train;

import dev.lora4j.train.TrainingCallback;
import java.util.ArrayList;
import java.util.List;

/** A callback that records all events, and stops the run after some steps. */
final class HeardRun implements TrainingCallback {
  final List<Step> steps = new ArrayList<>();
  final List<Evaluation> evaluations = new ArrayList<>();
  private final long stopAfter;
  long done;

  HeardRun(long stopAfter) {
    this.stopAfter = stopAfter;
  }

  @Override
  public void onStart(long total, long already) {
    done = already;
  }

  @Override
  public void onStep(Step step) {
    steps.add(step);
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    evaluations.add(evaluation);
  }

  @Override
  public boolean wantsToStop() {
    return !steps.isEmpty() && steps.get(steps.size() - 1).number() >= stopAfter;
  }
}
