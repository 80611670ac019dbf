package dev.lora4j.serve.jobs;

import dev.lora4j.train.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The paths in a job's directory. */
record JobPaths(Path directory) {
  static final String UPLOADED_TRAINING = "training_file.jsonl";
  static final String UPLOADED_VALIDATION = "validation_file.jsonl";

  Path uploadedTraining() {
    return directory.resolve(UPLOADED_TRAINING);
  }

  Optional<Path> uploadedValidation() {
    return Optional.of(directory.resolve(UPLOADED_VALIDATION)).filter(Files::exists);
  }

  /** The data file of the recipe for an uploaded file: itself, or its preference pairs. */
  Path data(Path uploaded, TuningMethod method) {
    return method == TuningMethod.DPO
        ? directory.resolve("pairs_of_" + uploaded.getFileName())
        : uploaded;
  }

  /** The directory of the recipe's run, with the fine-tuned adapter. */
  Path run() {
    return directory.resolve("run");
  }

  boolean hasRun() {
    return Files.exists(run().resolve(RunDirectory.RUN));
  }

  Path checkpoints() {
    return directory.resolve("checkpoints");
  }
}
