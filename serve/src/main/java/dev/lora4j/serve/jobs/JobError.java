package dev.lora4j.serve.jobs;

import java.util.Optional;

/**
 * The reason of a failed job.
 *
 * @param code {@code invalid_training_file}, {@code invalid_validation_file}, {@code gate_failed},
 *     {@code training_failed} or {@code server_error}
 * @param param the parameter that is wrong
 */
public record JobError(String code, String message, Optional<String> param) {
  static final String TRAINING_FILE = "training_file";
  static final String VALIDATION_FILE = "validation_file";

  static JobError invalid(String param, String message) {
    return new JobError("invalid_" + param, message, Optional.of(param));
  }

  static JobError of(String code, String message) {
    return new JobError(code, message, Optional.empty());
  }
}
