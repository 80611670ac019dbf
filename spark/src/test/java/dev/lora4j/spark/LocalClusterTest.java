package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.spark.exchange.Reduction;
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
    run = ClusterRun.in(directory, 24);
    LoraSpark.fineTune(
        ClusterRun.rows(session), run.recipe(), settings("ordered", Reduction.ORDERED));
    run.alone("alone", "ordered", 2);
  }

  @AfterAll
  static void stop() {
    session.stop();
  }

  private static ClusterSettings settings(String name, Reduction reduction) {
    return ClusterSettings.to(run.output(name)).executors(2).reduction(reduction);
  }

  @Test
  void twoExecutorsHaveTheBitsOfOneProcessWithTwoWorkers() {
    assertThat(run.losses("ordered")).isEqualTo(run.losses("alone"));
    assertThat(run.adapter("ordered")).isEqualTo(run.adapter("alone"));
    assertThat(run.read("ordered", "run.json")).isEqualTo(run.read("alone", "run.json"));
  }

  @Test
  void glooIsCloseToOneProcess() {
    ClusterResult result =
        LoraSpark.fineTune(
            ClusterRun.rows(session), run.recipe(), settings("fast", Reduction.FAST));

    assertThat(result.transport()).isEqualTo("gloo");
    assertThat(run.greatestDifference("fast", "alone")).isLessThan(1e-6);
  }

  @Test
  void aKilledExecutorLosesTheStepsSinceTheLastCheckpoint() {
    RecipeFactory recipe = run.recipe();
    Path checkpoint = run.path("killed/checkpoint-8");
    Path once = run.path("killed-once");
    String[] paths = {checkpoint.toString(), once.toString()};
    ClusterResult result =
        LoraSpark.fineTune(
            ClusterRun.rows(session),
            () -> {
              TaskContext task = TaskContext.get();
              if (task != null && task.partitionId() == 1) {
                KilledExecutor.afterCheckpoint(Path.of(paths[0]), Path.of(paths[1]));
              }
              return recipe.create();
            },
            settings("killed", Reduction.ORDERED));

    assertThat(once).exists();
    assertThat(result.attempt()).isEqualTo(1);
    assertThat(result.resumedFrom()).isBetween(8L, 20L);
    assertThat(run.adapter("killed")).isEqualTo(run.adapter("alone"));
    assertThat(run.losses("killed")).isEqualTo(run.losses("alone"));
  }
}
