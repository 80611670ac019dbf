package dev.lora4j.spark;

import dev.lora4j.io.Unreadable;
import dev.lora4j.train.RunDirectory;
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
 * Copies a run's directory to its storage: its record at the start, then the metrics so far and
 * each checkpoint, before the earlier ones are removed.
 */
final class CheckpointUpload implements TrainingCallback {
  private final Path local;
  private final RunWriter storage;
  private final Map<Path, Version> uploaded = new HashMap<>();

  CheckpointUpload(Path local, RunWriter storage) {
    this.local = local;
    this.storage = storage;
  }

  @Override
  public void onStart(long steps, long done) {
    uploadOthers();
  }

  @Override
  public void onCheckpoint(Path directory) {
    uploadOthers(); // first: resuming cuts later metrics, but can't restore lost ones
    storage.upload(directory);
    storage.keepCheckpoints(
        entries().stream()
            .map(entry -> entry.getFileName().toString())
            .filter(CheckpointUpload::isCheckpoint)
            .toList());
  }

  /** Copies what is new of everything but checkpoints and the rows, which the storage has. */
  void uploadOthers() {
    for (Path entry : entries()) {
      if (changes(entry)) {
        Version now = Version.of(entry);
        if (Files.isDirectory(entry) || !now.equals(uploaded.put(entry, now))) {
          storage.upload(entry);
        }
      }
    }
  }

  /**
   * The time and the size of a file, one of which a write changes; a time alone may be too coarse.
   */
  private record Version(FileTime modified, long bytes) {
    static Version of(Path entry) {
      try {
        return new Version(Files.getLastModifiedTime(entry), Files.size(entry));
      } catch (IOException e) {
        throw Unreadable.because(entry, e);
      }
    }
  }

  private static boolean isCheckpoint(String name) {
    return RunDirectory.step(name).isPresent();
  }

  private static boolean changes(Path entry) {
    String name = entry.getFileName().toString();
    return !isCheckpoint(name) && !name.startsWith(".") && !name.equals(RunStorage.ROWS);
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(local)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw Unreadable.because(local, e);
    }
  }
}
