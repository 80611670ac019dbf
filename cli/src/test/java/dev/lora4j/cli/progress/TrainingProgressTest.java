package dev.lora4j.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.cli.show.FakeScreen;
import dev.lora4j.train.TrainingCallback.Evaluation;
import dev.lora4j.train.TrainingCallback.Step;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TrainingProgressTest {
  private final FakeScreen screen = new FakeScreen(false, StandardCharsets.UTF_8, 80);

  private void train(TrainingProgress bar, int from, int to, double loss) {
    for (int step = from; step <= to; step++) {
      screen.pass(Duration.ofMillis(10));
      bar.onStep(new Step(step, 1, loss, 4, Duration.ofMillis(10)));
    }
  }

  @Test
  void lossIsTheMeanOfTheFirstSteps() {
    TrainingProgress bar = new TrainingProgress(screen.screen(), "base");
    bar.onStart(20, 0);
    train(bar, 1, 1, 1.0);
    train(bar, 2, 2, 2.0);
    bar.onEnd();

    assertThat(screen.lines().get(0)).isEqualTo("base: 10 %, 2/20, loss 1.500");
  }

  @Test
  void lossForgetsOldSteps() {
    TrainingProgress bar = new TrainingProgress(screen.screen(), "base");
    bar.onStart(2_000, 0);
    train(bar, 1, 1_000, 9.0);
    train(bar, 1_001, 2_000, 1.0);
    bar.onEnd();

    assertThat(screen.lines().get(9))
        .isEqualTo("base: 2,000 steps in 20 s, loss 1.000, 100 steps/s");
  }

  @Test
  void failedTrainingEndsItsLine() {
    try (TrainingProgress bar = new TrainingProgress(screen.screen(), "base")) {
      bar.onStart(100, 0);
      train(bar, 1, 5, 1.0);
    }

    assertThat(screen.text()).isEqualTo("base: 5 steps in 0 s, loss 1.000%n".formatted());
  }

  @Test
  void secondTrainingStartsAnew() {
    TrainingProgress bar = new TrainingProgress(screen.screen(), "base");
    bar.onStart(1, 0);
    train(bar, 1, 1, 5.0);
    bar.onEnd();
    bar.onStart(1, 0);
    train(bar, 1, 1, 3.0);
    bar.onEnd();

    assertThat(screen.lines()).hasSize(2).last().asString().contains("loss 3.000");
  }

  @Test
  void trainingThatNeverStartedShowsNothing() {
    new TrainingProgress(screen.screen(), "base").close();

    assertThat(screen.text()).isEmpty();
  }

  private static FakeScreen languageModelRun(boolean terminal) {
    FakeScreen screen = new FakeScreen(terminal, StandardCharsets.UTF_8, 80);
    try (TrainingProgress bar = new TrainingProgress(screen.screen(), "LoRA")) {
      bar.onStart(40, 20);
      for (int i = 21; i <= 30; i++) {
        screen.pass(Duration.ofSeconds(2));
        bar.onStep(new Step(i, 1, 1.5, 8, 1e-3, 1, 400, 100, Duration.ofSeconds(2)));
      }
      bar.onEvaluation(new Evaluation(30, 1.25, true));
    }
    return screen;
  }

  @Test
  void languageModelRunWritesPlainLinesToAFile() {
    assertThat(languageModelRun(false).lines())
        .startsWith("Resuming after step 20")
        .contains(
            "LoRA: 60 %, 24/40, loss 1.500  200 tokens/s, 32 s left",
            "step 30: validation loss 1.2500 (best)");
  }

  @Test
  void languageModelRunShowsSpeedAndTimeLeftOnATerminal() {
    assertThat(languageModelRun(true).text())
        .contains("24/40", "loss 1.500  200 tokens/s", "s left")
        .contains("step 30: validation loss 1.2500 (best)");
  }
}
