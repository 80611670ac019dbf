package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.exchange.Transport;
import dev.lora4j.train.TrainingFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training on two executors in this process: exchanges, resuming, and mistakes. */
class LocalThreadsTest {
  private static final long LIMIT_NANOS = 120_000_000_000L;

  @TempDir static Path directory;
  static SparkSession session;
  static ClusterRun run;
  static ClusterResult result;

  @BeforeAll
  static void start() {
    session = LocalCluster.threads();
    run = ClusterRun.in(directory, 8);
    result = LoraSpark.fineTune(ClusterRun.rows(session), run.recipe(), ordered("threads"));
    run.alone("alone", "threads", 2);
  }

  private static ClusterSettings ordered(String name) {
    return ClusterSettings.to(run.output(name)).executors(2).reduction(Reduction.ORDERED);
  }

  // ---- training ----

  @Test
  void aRunHasTheBitsAndFilesOfOneProcess() {
    assertThat(result.workers()).isEqualTo(2);
    assertThat(result.steps()).isEqualTo(8);
    assertThat(result.exchangeSeconds()).isBetween(0.0, result.stepSeconds());
    assertThat(run.adapter("threads")).isEqualTo(run.adapter("alone"));
    assertThat(run.read("threads", "run.json")).isEqualTo(run.read("alone", "run.json"));
    assertThat(run.losses("threads")).isEqualTo(run.losses("alone"));
    assertThat(run.path("threads/.running")).doesNotExist();
    assertThat(run.path("threads/.attempt")).doesNotExist();
  }

  /** Spark looks for the answer of a message once a second. */
  @Test
  void messagesThroughTheDriverGiveTheBitsOfOneProcess() {
    ClusterRun shorter = run.steps(2);
    ClusterResult found =
        LoraSpark.fineTune(
            ClusterRun.rows(session),
            shorter.recipe(),
            ordered("messages").transport(Transport.SPARK));
    shorter.alone("without-messages", "messages", 2);

    assertThat(found.transport()).isEqualTo("spark");
    assertThat(run.adapter("messages")).isEqualTo(run.adapter("without-messages"));
  }

  @Test
  void aClusterResumesTheRunOfOneMachine() {
    run.aloneUntil(4, "back", "threads", 2);
    ClusterResult resumed =
        LoraSpark.fineTune(ClusterRun.rows(session), run.recipe(), ordered("back").resume());

    assertThat(resumed.resumedFrom()).isEqualTo(4);
    assertThat(resumed.steps()).isEqualTo(8);
    assertThat(run.adapter("back")).isEqualTo(run.adapter("alone"));
  }

  @Test
  void oneMachineResumesTheCancelledRunOfACluster() throws InterruptedException {
    ClusterRun longer = run.steps(12); // of more than a second each
    Thread cancelling = new Thread(() -> cancelAfter(run.path("cancelled/checkpoint-4")));
    cancelling.setDaemon(true);
    cancelling.start();
    assertThatThrownBy(
            () ->
                LoraSpark.fineTune(
                    ClusterRun.rows(session),
                    longer.recipe(),
                    ordered("cancelled").transport(Transport.SPARK)))
        .isInstanceOf(TrainingFailed.class)
        .hasMessageContaining("cancelled")
        .hasMessageContaining("resume the run in " + run.output("cancelled"));
    cancelling.join();
    assertThat(run.path("cancelled/adapter_model.safetensors")).doesNotExist();

    longer.resumeAlone("cancelled", 2);
    longer.alone("uncancelled", "cancelled", 2);
    assertThat(run.adapter("cancelled")).isEqualTo(run.adapter("uncancelled"));
  }

  /** In a directory with the rows of a run that has not begun, which are replaced. */
  @Test
  void idleWorkersAreReported() throws IOException {
    Files.createDirectories(run.path("idle"));
    Files.writeString(run.path("idle/data.jsonl"), "{\"text\":\"of an earlier try\"}\n");
    ClusterResult idle =
        LoraSpark.fineTune(
            ClusterRun.rows(session), run.steps(1).recipe(), ordered("idle").workers(3));

    assertThat(idle.workers()).isEqualTo(6);
    assertThat(run.read("idle", "data.jsonl")).isEqualTo(run.read("threads", "data.jsonl"));
    assertThat(idle.messages())
        .contains("Warning: a batch of 4 rows leaves 2 of 6 workers idle; raise the batch size");
  }

  private static void cancelAfter(Path checkpoint) {
    long end = System.nanoTime() + LIMIT_NANOS;
    while (!Files.exists(checkpoint) && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    session.sparkContext().cancelAllJobs();
  }

  // ---- errors of one executor ----

  @Test
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void anUploadThatFailsEndsTheTasksThatWaitForIt() {
    session
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.strict.impl", StrictFileSystem.class.getName());
    String output = "strict://" + run.output(StrictFileSystem.FULL);
    assertThatThrownBy(
            () ->
                LoraSpark.fineTune(
                    ClusterRun.rows(session),
                    run.recipe(),
                    ClusterSettings.to(output).executors(2).transport(Transport.SPARK)))
        .isInstanceOf(TrainingFailed.class)
        .hasMessageStartingWith("Spark gave up: executor 0 on ")
        .hasMessageContainingAll(
            "cannot write " + output + ": no space left", "there is no checkpoint yet");
  }

  // ---- mistakes ----

  private static void assertMistake(
      Dataset<Row> rows, RecipeFactory recipe, ClusterSettings settings, String... parts) {
    assertThatThrownBy(() -> LoraSpark.fineTune(rows, recipe, settings))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(parts);
  }

  @Test
  void missingColumnsAreNamedWithTheNearest() {
    assertMistake(
        ClusterRun.rows(session).withColumnRenamed("completion", "completions"),
        run.recipe(),
        ordered("columns"),
        "the Dataset: no data format has the fields prompt, completions",
        "completions: did you mean completion?");
    assertThat(run.path("columns")).doesNotExist();
  }

  @Test
  void aMappedColumnThatIsMissingIsNamed() {
    RecipeFactory recipe = run.recipe();
    assertMistake(
        ClusterRun.rows(session),
        () -> recipe.create().reading(new TextData.Options(Map.of("prompt", "promt"), false)),
        ordered("columns"),
        "the Dataset has no column 'promt', which is to be read as prompt",
        "did you mean prompt?");
  }

  @Test
  void aBaseThatExecutorsDoNotFindIsReportedWithThePlace() {
    String missing = run.path("no-such-model").toString();
    assertMistake(
        ClusterRun.rows(session),
        () -> FineTuneRecipe.of(missing),
        ordered("no-base"),
        "executor 0 on ",
        "executor 1 on ",
        "no-such-model",
        "SparkFiles.get");
  }

  @Test
  void anUnwritableDirectoryIsRefusedAtOnce() throws IOException {
    Path file = Files.writeString(run.path("a-file"), "");
    assertMistake(
        ClusterRun.rows(session),
        run.recipe(),
        ordered("a-file/run"),
        "cannot write " + file.resolve("run"),
        "choose a directory that driver and executors can write");
  }

  @Test
  void aDirectoryWithARunIsRefused() {
    assertMistake(
        ClusterRun.rows(session),
        run.recipe(),
        ordered("threads"),
        "already holds a run; resume it, or choose another directory");
  }

  @Test
  void aTaskOnTextsIsRefused() {
    RecipeFactory recipe = run.recipe();
    assertMistake(
        ClusterRun.rows(session),
        () -> recipe.create().task(TextTask.TEXT_CLASSIFICATION),
        ordered("task"),
        "the recipe has a task on texts, which is trained on one machine");
  }

  @Test
  void resumingNothingIsRefused() {
    assertMistake(
        ClusterRun.rows(session),
        run.recipe(),
        ordered("nothing").resume(),
        "no run to resume in " + run.output("nothing"));
  }

  @Test
  void otherWorkersCanNotResume() {
    assertMistake(
        ClusterRun.rows(session),
        run.recipe(),
        ordered("threads").executors(1).workers(1).resume(),
        "other settings than at its start",
        "workers: was 2, is now 1");
  }
}
