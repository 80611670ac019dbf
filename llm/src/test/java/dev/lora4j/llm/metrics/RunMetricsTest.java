package dev.lora4j.llm.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.train.LossCurve;
import dev.lora4j.train.TrainingCallback.Evaluation;
import dev.lora4j.train.TrainingCallback.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunMetricsTest {
  private final Path directory;
  private final Path file;

  RunMetricsTest(@TempDir Path directory) {
    this.directory = directory;
    file = directory.resolve("metrics.jsonl");
  }

  private static Step step(long number, double loss) {
    return new Step(number, 1, loss, 4, 1e-3, 0.5, 100, 40, Duration.ofMillis(500));
  }

  private void run(long done, long last) {
    try (RunMetrics metrics = new RunMetrics(directory)) {
      metrics.onStart(last, done);
      if (done == 0) {
        metrics.onEvaluation(new Evaluation(0, 3, false));
      }
      for (long number = done + 1; number <= last; number++) {
        metrics.onStep(step(number, 1.0 / number));
      }
      metrics.onEvaluation(new Evaluation(last, 2, true));
    }
  }

  @Test
  void aLineIsAStepOrAnEvaluation() throws IOException {
    run(0, 1);

    assertThat(Files.readAllLines(file))
        .containsExactly(
            "{\"step\":0,\"valid_loss\":3.0,\"best\":false}",
            "{\"step\":1,\"epoch\":1,\"loss\":1.0,\"learning_rate\":0.001,\"gradient_norm\":0.5,"
                + "\"tokens\":100,\"loss_tokens\":40,\"seconds\":0.5,\"tokens_per_s\":200.0}",
            "{\"step\":1,\"valid_loss\":2.0,\"best\":true}");
  }

  @Test
  void whatIsTakenAgainIsThereOnce() throws IOException {
    run(0, 4);
    Files.writeString(file, "{\"step\":5,\"lo", StandardOpenOption.APPEND); // the power went
    run(2, 3);

    RunCurves curves = RunCurves.read(directory);
    assertThat(curves.train().stream().map(LossCurve.Point::step)).containsExactly(1L, 2L, 3L);
    assertThat(curves.valid())
        .containsExactly(new LossCurve.Point(0, 3), new LossCurve.Point(3, 2));
    assertThat(curves.steps()).isEqualTo(3);
    assertThat(curves.greatest()).isEqualTo(3);
    run(0, 1);
    assertThat(Files.readAllLines(file)).hasSize(3);
  }

  @Test
  void longRunsAreDrawnWithFewPoints() {
    run(0, 1_000);

    RunCurves curves = RunCurves.read(directory);
    assertThat(curves.train()).hasSize(200);
    assertThat(curves.train().get(199).step()).isEqualTo(1_000);
  }

  @Test
  void aDiskThatRefusesIsTold() throws IOException {
    Files.createDirectories(file);
    try (RunMetrics metrics = new RunMetrics(directory)) {
      assertThatThrownBy(() -> metrics.onStart(1, 0))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("metrics.jsonl");
    }
  }
}
