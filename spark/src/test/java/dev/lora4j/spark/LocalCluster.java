package dev.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.OptionConverters;

/**
 * The Spark session of tests: in this process, or with executors in processes of their own. The
 * next test class has the same session if it wants the same executors; Spark ends it with the JVM.
 */
public final class LocalCluster {
  private LocalCluster() {}

  /** Two executors of one core each, in this process. */
  public static SparkSession threads() {
    return session("local[2]", "");
  }

  /**
   * Two executors of one core each, in processes of their own. Spark starts them by the environment
   * variable {@code SPARK_HOME}, whose {@code jars} may be empty: they get this process's class
   * path.
   */
  public static SparkSession processes() {
    return processes(2);
  }

  /** Executors of one core each, in processes of their own. */
  public static SparkSession processes(int executors) {
    return session(master(executors), "-XX:TieredStopAtLevel=1");
  }

  private static String master(int executors) {
    return "local-cluster[%d,1,1024]".formatted(executors);
  }

  /** The same with the optimising compiler, for measurements. */
  public static SparkSession optimised(int executors) {
    return session(master(executors), "--add-modules=jdk.incubator.vector");
  }

  private static SparkSession session(String master, String javaOption) {
    Optional<SparkSession> open = OptionConverters.toJava(SparkSession.getDefaultSession());
    if (open.filter(session -> !session.sparkContext().master().equals(master)).isPresent()) {
      open.get().stop();
    }
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return SparkSession.builder()
        .master(master)
        .config("spark.ui.enabled", false)
        .config("spark.executor.extraClassPath", classes)
        .config("spark.executor.extraJavaOptions", "-XX:+UseSerialGC " + javaOption)
        .config("spark.executor.cores", 1)
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.stage.maxConsecutiveAttempts", 2) // enough to see that Spark gives up
        .config("spark.local.dir", temporary())
        .getOrCreate();
  }

  private static String temporary() {
    try {
      return Files.createDirectories(Path.of("target", "spark-local")).toAbsolutePath().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
