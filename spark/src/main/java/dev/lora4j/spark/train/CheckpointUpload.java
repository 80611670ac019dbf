package dev.lora4j.spark.train;

import dev.lora4j.io.Unreadable;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Copies a run's directory to its storage: its record at the start, then each checkpoint before the
 * earlier ones are removed, with the metrics so far.
 */
final class CheckpointUpload implements TrainingCallback {
  private static final String CHECKPOINT = "checkpoint-";

  private final Path local;
  private final RunStorage storage;

  CheckpointUpload(Path local, RunStorage storage) {
    this.local = local;
    this.storage = storage;
  }

  @Override
  public void onStart(long steps, long done) {
    uploadOthers();
  }

  @Override
  public void onCheckpoint(Path directory) {
    storage.upload(directory);
    uploadOthers();
    storage.keepCheckpoints(
        entries().stream()
            .map(entry -> entry.getFileName().toString())
            .filter(name -> name.startsWith(CHECKPOINT))
            .toList());
  }

  /** Copies everything but checkpoints and the rows, which the storage has. */
  void uploadOthers() {
    entries().stream().filter(CheckpointUpload::changes).forEach(storage::upload);
  }

  private static boolean changes(Path entry) {
    String name = entry.getFileName().toString();
    return !name.startsWith(CHECKPOINT)
        && !name.startsWith(".")
        && !name.equals(RunStorage.ROWS);
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(local)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw Unreadable.because(local, e);
    }
  }
}
