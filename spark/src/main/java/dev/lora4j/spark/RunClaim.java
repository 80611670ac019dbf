package dev.lora4j.spark;

import dev.lora4j.io.ClusterLease;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The attempt of a run that may write to its directory. The file {@code .attempt} there holds the
 * last one, so that an executor that Spark has given up, but that still runs, writes no more.
 *
 * @param run of one program
 * @param attempt of the stage
 */
record RunClaim(String run, int attempt) {
  private static final int BEFORE_THE_FIRST = -1;

  /** The claim before the first attempt of the stage. */
  static RunClaim ofDriver(String run) {
    return new RunClaim(run, BEFORE_THE_FIRST);
  }

  /** Returns the claim of a directory; empty if it has none. */
  static Optional<RunClaim> read(FileSystem files, Path directory) throws IOException {
    try (InputStream in = files.open(new Path(directory, ClusterLease.ATTEMPT))) {
      String[] parts = new String(in.readAllBytes(), StandardCharsets.UTF_8).split(" ", -1);
      return parts.length == 2
          ? Optional.of(new RunClaim(parts[0], Integer.parseInt(parts[1])))
          : Optional.empty(); // another one is being written
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  void write(FileSystem files, Path directory) throws IOException {
    try (OutputStream out = files.create(new Path(directory, ClusterLease.ATTEMPT), true)) {
      out.write((run + " " + attempt).getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Removes the claim of a run, of whatever attempt. */
  static void remove(FileSystem files, Path directory, String run) throws IOException {
    if (read(files, directory).filter(last -> last.run.equals(run)).isPresent()) {
      files.delete(new Path(directory, ClusterLease.ATTEMPT), false);
    }
  }

  /** Returns whether this is a later attempt of the same run. */
  boolean follows(RunClaim last) {
    return run.equals(last.run) && attempt > last.attempt;
  }

  @Override
  public String toString() {
    return attempt < 0 ? run : "attempt %d of %s".formatted(attempt, run);
  }
}
