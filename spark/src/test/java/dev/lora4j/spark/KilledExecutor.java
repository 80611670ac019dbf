package dev.lora4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** Ends this process in the middle of a run, once. */
final class KilledExecutor {
  private KilledExecutor() {}

  /** Waits for a checkpoint on a thread of its own, and kills the process. */
  static void afterCheckpoint(Path checkpoint, Path once) {
    Thread waiting = new Thread(() -> kill(checkpoint, once), "killer");
    waiting.setDaemon(true);
    waiting.start();
  }

  private static void kill(Path checkpoint, Path once) {
    if (Files.exists(once)) {
      return;
    }
    while (!Files.exists(checkpoint)) {
      LockSupport.parkNanos(1_000_000);
    }
    try {
      Files.createFile(once);
    } catch (IOException e) {
      return; // by an earlier attempt
    }
    Runtime.getRuntime().halt(1);
  }
}
