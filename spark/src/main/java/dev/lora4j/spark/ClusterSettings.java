package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.exchange.Transport;
import java.io.Serializable;
import java.time.Duration;

/**
 * How a run uses a cluster.
 *
 * @param output directory of the run, on any file system that Hadoop knows and all executors reach
 * @param executors number of executors, 0 for those that the application has
 * @param workers number of worker threads of each executor, 0 for one for each of its cores
 * @param reduction order in which the workers' gradients are added up
 * @param transport connection between the executors
 * @param timeout how long an executor waits for the others in an exchange by Gloo; Spark's own
 *     messages wait for {@code spark.barrier.sync.timeout}
 * @param resumes whether the run in the directory goes on from its last checkpoint
 */
public record ClusterSettings(
    String output,
    int executors,
    int workers,
    Reduction reduction,
    Transport transport,
    Duration timeout,
    boolean resumes)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** The timeout unless it is set: a checkpoint may be written meanwhile. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(30);

  /**
   * Checks the settings.
   *
   * @throws UserError if the directory has no name, a number is negative, or the timeout is less
   *     than a millisecond
   */
  public ClusterSettings {
    if (output.isBlank()) {
      throw new UserError("the output directory has no name; give a path such as hdfs:///runs/one");
    }
    if (executors < 0 || workers < 0) {
      throw new UserError(
          "executors and workers must be at least 0, found %d and %d"
              .formatted(executors, workers));
    }
    if (timeout.toMillis() < 1) {
      throw new UserError("the timeout must be at least a millisecond, found " + timeout);
    }
  }

  /** All executors with all their cores, by the fastest way. */
  public static ClusterSettings to(String output) {
    return new ClusterSettings(
        output, 0, 0, Reduction.FAST, Transport.AUTO, DEFAULT_TIMEOUT, false);
  }

  /** Number of executors; 0, all that the application has, unless set. */
  public ClusterSettings executors(int count) {
    return new ClusterSettings(output, count, workers, reduction, transport, timeout, resumes);
  }

  /** Worker threads of each executor; 0, one for each of its cores, unless set. */
  public ClusterSettings workers(int count) {
    return new ClusterSettings(output, executors, count, reduction, transport, timeout, resumes);
  }

  /** Order in which the workers' gradients are added up; {@code FAST} unless set. */
  public ClusterSettings reduction(Reduction choice) {
    return new ClusterSettings(output, executors, workers, choice, transport, timeout, resumes);
  }

  /** Connection between the executors; {@code AUTO} unless set. */
  public ClusterSettings transport(Transport choice) {
    return new ClusterSettings(output, executors, workers, reduction, choice, timeout, resumes);
  }

  /** Longest wait for the other executors in an exchange by Gloo; 30 minutes unless set. */
  public ClusterSettings timeout(Duration longest) {
    return new ClusterSettings(output, executors, workers, reduction, transport, longest, resumes);
  }

  /** Resumes the run in the directory, be it a cluster's or one machine's. */
  public ClusterSettings resume() {
    return new ClusterSettings(output, executors, workers, reduction, transport, timeout, true);
  }
}
