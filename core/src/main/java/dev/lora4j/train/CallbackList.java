package dev.lora4j.train;

import java.nio.file.Path;
import java.util.List;

/** Several callbacks, called in order. */
record CallbackList(List<TrainingCallback> all) implements TrainingCallback {

  @Override
  public void onStart(long steps, long done) {
    all.forEach(callback -> callback.onStart(steps, done));
  }

  @Override
  public void onStep(Step step) {
    all.forEach(callback -> callback.onStep(step));
  }

  @Override
  public void onEpoch(int epoch) {
    all.forEach(callback -> callback.onEpoch(epoch));
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    all.forEach(callback -> callback.onEvaluation(evaluation));
  }

  @Override
  public void onCheckpoint(Path directory) {
    all.forEach(callback -> callback.onCheckpoint(directory));
  }

  @Override
  public void onEnd() {
    all.forEach(TrainingCallback::onEnd);
  }

  @Override
  public boolean wantsToStop() {
    return all.stream().anyMatch(TrainingCallback::wantsToStop);
  }
}
