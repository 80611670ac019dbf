package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;

/** An exclusive lock on the download of one blob, among threads and among processes. */
record BlobLock(ReentrantLock threads, FileChannel channel) implements AutoCloseable {
  private static final long MILLIS_BETWEEN_TRIES = 100;
  // A file lock belongs to the process, and closing any channel to the file releases it.
  private static final ConcurrentMap<Path, ReentrantLock> OF_THIS_PROCESS =
      new ConcurrentHashMap<>();

  /** Waits for the lock; first calls {@code onWait} if another thread or process holds it. */
  static BlobLock take(Path file, Runnable onWait) {
    ReentrantLock threads =
        OF_THIS_PROCESS.computeIfAbsent(file.toAbsolutePath(), path -> new ReentrantLock());
    if (!threads.tryLock()) {
      onWait.run();
      threads.lock();
    }
    try {
      return new BlobLock(threads, lock(file, onWait));
    } catch (RuntimeException | Error e) {
      threads.unlock();
      throw e;
    }
  }

  private static FileChannel lock(Path file, Runnable onWait) {
    try {
      Files.createDirectories(file.getParent());
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        waitFor(channel, onWait);
        return channel;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw AtomicFile.explained(file, e);
    }
  }

  private static void waitFor(FileChannel channel, Runnable onWait) throws IOException {
    FileLock lock = channel.tryLock();
    if (lock == null) {
      onWait.run();
    }
    while (lock == null) {
      try {
        Thread.sleep(MILLIS_BETWEEN_TRIES);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new UserError("interrupted while another process was downloading", e);
      }
      lock = channel.tryLock();
    }
  }

  @Override
  public void close() {
    try {
      channel.close(); // and with it the lock
    } catch (IOException e) {
      throw new UserError("cannot release the lock of a download: " + e.getMessage(), e);
    } finally {
      threads.unlock();
    }
  }
}
