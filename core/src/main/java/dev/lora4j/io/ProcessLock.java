package dev.lora4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock file that names the process that holds it. The system releases the lock when the process
 * ends, however it ends; closing it deletes the file.
 */
public final class ProcessLock implements AutoCloseable {
  // A file lock belongs to the process, and closing any channel to the file releases it.
  private static final Set<Path> OF_THIS_PROCESS = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private ProcessLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes a lock, or returns empty if a living process holds it, this one included. On a file
   * system without locks it always succeeds.
   *
   * @throws IOException if the file can't be created
   */
  public static Optional<ProcessLock> tryTake(Path lockFile) throws IOException {
    Path file = lockFile.toAbsolutePath().normalize();
    if (!OF_THIS_PROCESS.add(file)) {
      return Optional.empty();
    }
    Optional<ProcessLock> taken = Optional.empty();
    try {
      taken = open(file);
      return taken;
    } finally {
      if (taken.isEmpty()) {
        OF_THIS_PROCESS.remove(file);
      }
    }
  }

  private static Optional<ProcessLock> open(Path file) throws IOException {
    while (true) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!isFree(channel)) {
        channel.close();
        return Optional.empty();
      }
      if (Files.exists(file)) {
        byte[] holder = thisProcess().getBytes(StandardCharsets.UTF_8);
        AtomicFile.writeFully(channel.truncate(0), ByteBuffer.wrap(holder));
        return Optional.of(new ProcessLock(file, channel));
      }
      channel.close(); // its holder has just deleted it
    }
  }

  @SuppressWarnings("try") // held until the channel is closed
  private static boolean isFree(FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (IOException e) {
      return true; // some network disks have no locks
    }
  }

  static String thisProcess() {
    return "process " + ProcessHandle.current().pid();
  }

  /** Returns the process that holds a lock, in words. */
  public static String holder(Path lockFile) {
    try {
      String holder = Files.readString(lockFile);
      return holder.isEmpty() ? "another process" : holder;
    } catch (IOException e) {
      return "another process";
    }
  }

  /** Releases the lock and deletes its file. */
  @Override
  public void close() {
    boolean deleted = file.toFile().delete(); // before another process can take it
    try (channel) {
      OF_THIS_PROCESS.remove(file);
    } catch (IOException e) {
      return; // the system releases it at the end of the process
    }
    if (!deleted) {
      AtomicFile.deleteQuietly(file); // Windows keeps open files
    }
  }
}
