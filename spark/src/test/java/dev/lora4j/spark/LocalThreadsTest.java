package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on two executors in this process: exchanges, resuming, and mistakes. */
class LocalThreadsTest {
  @TempDir static Path directory;
  static SparkSession session;
  static ClusterRun run;
  static ClusterResult result;

  @BeforeAll
  static void start() {
    session = LocalCluster.threads();
    run = ClusterRun.in(directory, 8);
    result =
        LoraSpark.fineTune(
            ClusterRun.rows(session), run.recipe(), ordered("spark").transport(Transport.SPARK));
    run.alone("alone", "spark", 2);
  }

  @AfterAll
  static void stop() {
    session.stop();
  }

  private static ClusterSettings ordered(String name) {
    return ClusterSettings.to(run.output(name)).executors(2).reduction(Reduction.ORDERED);
  }

  // ---- training ----

  @Test
  void messagesThroughTheDriverGiveTheBitsOfOneProcess() {
    assertThat(result.transport()).isEqualTo("spark");
    assertThat(result.workers()).isEqualTo(2);
    assertThat(result.steps()).isEqualTo(8);
    assertThat(result.exchangeSeconds()).isBetween(0.0, result.stepSeconds());
    assertThat(run.adapter("spark")).isEqualTo(run.adapter("alone"));
    assertThat(run.read("spark", "run.json")).isEqualTo(run.read("alone", "run.json"));
    assertThat(run.losses("spark")).isEqualTo(run.losses("alone"));
  }

  @Test
  void oneMachineResumesTheRunOfACluster() {
    ClusterRun longer = new ClusterRun(directory, run.model(), 8);
    StoppedRun.copyAfter(directory.resolve("spark"), directory.resolve("half"), 4);
    longer.resumeAlone("half", 2);

    assertThat(run.adapter("half")).isEqualTo(run.adapter("alone"));
  }

  @Test
  void aClusterResumesTheRunOfOneMachine() {
    StoppedRun.copyAfter(directory.resolve("alone"), directory.resolve("back"), 4);
    ClusterResult resumed =
        LoraSpark.fineTune(
            ClusterRun.rows(session), run.recipe(), ordered("back").resume());

    assertThat(resumed.resumedFrom()).isEqualTo(4);
    assertThat(resumed.steps()).isEqualTo(8);
    assertThat(run.adapter("back")).isEqualTo(run.adapter("alone"));
  }
}
