package dev.lora4j.serve.jobs;

import java.util.Locale;

/** The status of a fine-tuning job. */
public enum JobStatus {
  VALIDATING_FILES,
  QUEUED,
  RUNNING,
  PAUSED,
  SUCCEEDED,
  FAILED,
  CANCELLED;

  /** Returns whether the status is final. */
  public boolean isFinal() {
    return this == SUCCEEDED || this == FAILED || this == CANCELLED;
  }

  /** The name in OpenAI's API, such as {@code validating_files}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static JobStatus of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }
}
