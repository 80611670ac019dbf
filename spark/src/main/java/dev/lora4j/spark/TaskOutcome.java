package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.train.TrainingFailed;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The end of a task. An error that all tasks have is returned, not thrown: Spark would repeat the
 * stage, which would only make it again.
 *
 * @param result of the first task, else null
 * @param mistake the message of an error that another attempt would repeat, else null
 * @param failed whether training failed, not the user's input
 */
record TaskOutcome(@Nullable ClusterResult result, @Nullable String mistake, boolean failed)
    implements Serializable {
  private static final long serialVersionUID = 1;

  static TaskOutcome of(@Nullable ClusterResult result) {
    return new TaskOutcome(result, null, false);
  }

  static TaskOutcome of(CommonMistake mistake) {
    return new TaskOutcome(null, mistake.getMessage(), false);
  }

  static TaskOutcome of(TrainingFailed failure) {
    return new TaskOutcome(null, failure.getMessage(), true);
  }

  /** Throws the error, if there is one. */
  void check() {
    if (mistake != null && failed) {
      throw new TrainingFailed(mistake);
    }
    if (mistake != null) {
      throw new UserError(mistake);
    }
  }
}
