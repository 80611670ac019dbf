package dev.lora4j.spark;

import dev.lora4j.io.Unreadable;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Copies a run's directory to its storage: its record at the start, then each checkpoint before the
 * earlier ones are removed, with the metrics so far.
 */
final class CheckpointUpload implements TrainingCallback {
  private static final String CHECKPOINT = "checkpoint-";

  private final Path local;
  private final RunStorage storage;
  private final Map<Path, FileTime> uploaded = new HashMap<>();

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

  /** Copies what is new of everything but checkpoints and the rows, which the storage has. */
  void uploadOthers() {
    for (Path entry : entries()) {
      if (changes(entry)) {
        FileTime now = modified(entry);
        if (Files.isDirectory(entry) || !now.equals(uploaded.put(entry, now))) {
          storage.upload(entry);
        }
      }
    }
  }

  private static FileTime modified(Path entry) {
    try {
      return Files.getLastModifiedTime(entry);
    } catch (IOException e) {
      throw Unreadable.because(entry, e);
    }
  }

  private static boolean changes(Path entry) {
    String name = entry.getFileName().toString();
    return !name.startsWith(CHECKPOINT) && !name.startsWith(".") && !name.equals(RunStorage.ROWS);
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(local)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw Unreadable.because(local, e);
    }
  }
}
