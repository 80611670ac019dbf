package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.io.ClusterLease;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The driver's hold on the directory of its run: the file of a {@link ClusterLease}, which it
 * writes again every ten seconds.
 */
final class RunLease implements AutoCloseable {
  private static final String CLOCK = ".clock";
  private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final FileSystem files;
  private final Path directory;
  private final String run;
  private final Thread renewing = new Thread(this::renew, "lora4j-lease");
  private volatile boolean closed;

  private RunLease(FileSystem files, Path directory, String run) {
    this.files = files;
    this.directory = directory;
    this.run = run;
  }

  /**
   * Takes a directory.
   *
   * @param run whose Spark application messages name
   * @throws UserError if another run has it
   * @throws IOException if it can't be written
   */
  static RunLease take(FileSystem files, Path directory, String run) throws IOException {
    RunLease lease = new RunLease(files, directory, run);
    if (files.exists(lease.file())) {
      if (lease.age() < ClusterLease.EXPIRY.toMillis()) {
        throw lease.inUse();
      }
      files.delete(lease.file(), false);
    }
    try {
      lease.write(false);
    } catch (FileAlreadyExistsException e) {
      if (!files.exists(lease.file())) {
        throw e;
      }
      throw lease.inUse();
    }
    lease.renewing.setDaemon(true);
    lease.renewing.start();
    return lease;
  }

  private Path file() {
    return new Path(directory, ClusterLease.FILE);
  }

  /** The age by the file system's clock. */
  private long age() throws IOException {
    Path clock = new Path(directory, CLOCK);
    files.create(clock, true).close();
    long now = files.getFileStatus(clock).getModificationTime();
    files.delete(clock, false);
    return now - files.getFileStatus(file()).getModificationTime();
  }

  private UserError inUse() throws IOException {
    return ClusterLease.inUse(directory.toString(), holder());
  }

  private String holder() throws IOException {
    try (InputStream in = files.open(file())) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (FileNotFoundException e) {
      return "";
    }
  }

  private void write(boolean again) throws IOException {
    try (OutputStream out = files.create(file(), again)) {
      out.write(run.getBytes(StandardCharsets.UTF_8));
    }
  }

  private void renew() {
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      renewNow();
    }
  }

  /** Writes the file again, unless another run has taken the directory. */
  synchronized void renewNow() {
    try {
      if (!closed && holder().equals(run)) {
        write(true);
      }
    } catch (IOException e) {
      return; // the next one may succeed; if none does, the claim of another run ends this one
    }
  }

  /** Leaves the directory to others, unless another run has taken it. */
  @Override
  public synchronized void close() {
    closed = true;
    LockSupport.unpark(renewing);
    try {
      if (holder().equals(run)) {
        files.delete(file(), false);
      }
      RunClaim.remove(files, directory, run);
    } catch (IOException e) {
      return; // it ends by its age
    }
  }
}
