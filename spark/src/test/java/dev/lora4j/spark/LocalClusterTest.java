package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** Training on two executors in processes of their own. */
@EnabledIfEnvironmentVariable(
    named = "SPARK_HOME",
    matches = ".+",
    disabledReason = "Spark starts executors by it; the build sets it")
class LocalClusterTest {
  @TempDir static Path directory;
  static SparkSession session;
  static ClusterRun run;

  @BeforeAll
  static void start() {
    session = LocalCluster.processes();
    run = ClusterRun.in(directory, 12);
    LoraSpark.fineTune(ClusterRun.rows(session), run.recipe(), settings("ordered"));
    run.alone("alone", "ordered", 2);
  }

  @AfterAll
  static void stop() {
    session.stop();
  }

  private static ClusterSettings settings(String name) {
    return ClusterSettings.to(run.output(name)).executors(2).reduction(Reduction.ORDERED);
  }

  @Test
  void twoExecutorsHaveTheBitsOfOneProcessWithTwoWorkers() {
    assertThat(run.adapter("ordered")).isEqualTo(run.adapter("alone"));
    assertThat(run.read("ordered", "run.json")).isEqualTo(run.read("alone", "run.json"));
    assertThat(directory.resolve("ordered/checkpoint-12")).isDirectory();
  }
}
