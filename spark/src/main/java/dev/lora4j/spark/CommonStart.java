package dev.lora4j.spark;

import dev.lora4j.train.TrainingCallback;

/** Begins the first step together. */
final class CommonStart implements TrainingCallback {
  private final Agreement agreement;
  private boolean reached;

  CommonStart(Agreement agreement) {
    this.agreement = agreement;
  }

  @Override
  public void onStart(long steps, long done) {
    reached = true;
    agreement.on("step " + done);
  }

  /**
   * Reports an error before the start to the others.
   *
   * @throws CommonMistake if it was before the start
   */
  void refuse(RuntimeException error) {
    if (!reached) {
      agreement.refuse(String.valueOf(error.getMessage()));
    }
  }
}
