package dev.lora4j.io;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The hold of a cluster's run on its output directory, as another process on a shared disk sees it.
 * The driver renews {@link #FILE}; a lease older than {@link #EXPIRY} belongs to a driver that was
 * killed.
 *
 * @param directory the output directory
 */
public record ClusterLease(Path directory) {
  /** The file that the driver renews. It contains the run's name. */
  public static final String FILE = ".running";

  /** The record of the attempt whose executors may write to the directory. */
  public static final String ATTEMPT = ".attempt";

  /** The age from which a lease has expired. */
  public static final Duration EXPIRY = Duration.ofMinutes(1);

  /**
   * Refuses a directory that a cluster's run holds.
   *
   * @throws UserError naming that run
   * @throws IOException if the directory can't be written
   */
  public void requireFree() throws IOException {
    Optional<Duration> age = age();
    if (age.isPresent() && age.get().compareTo(EXPIRY) < 0) {
      throw inUse(directory.toString(), holder());
    }
  }

  /**
   * Ends an expired lease. Executors of that run write no more: their attempt has no record.
   *
   * @throws UserError if the lease has not expired
   * @throws IOException if the directory can't be written
   */
  public void takeOver() throws IOException {
    requireFree();
    if (Files.deleteIfExists(file())) {
      Files.deleteIfExists(directory.resolve(ATTEMPT));
    }
  }

  /** Returns the error for a directory that a run holds. */
  public static UserError inUse(String directory, String run) {
    return new UserError(
        ("%s is in use: the run %s is writing there; wait for its end, or choose another"
                + " directory (a run that was killed leaves it after a minute)")
            .formatted(directory, run));
  }

  private Path file() {
    return directory.resolve(FILE);
  }

  /** The age by the file system's clock; empty if there is no lease. */
  private Optional<Duration> age() throws IOException {
    if (!Files.exists(file())) {
      return Optional.empty();
    }
    Path clock = Files.createTempFile(directory, ".clock", null);
    try {
      return Optional.of(
          Duration.between(
              Files.getLastModifiedTime(file()).toInstant(),
              Files.getLastModifiedTime(clock).toInstant()));
    } catch (NoSuchFileException e) {
      return Optional.empty(); // the run has just ended
    } finally {
      AtomicFile.deleteQuietly(clock);
    }
  }

  private String holder() throws IOException {
    try {
      return Files.readString(file());
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
