package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.train.TrainingCallback.Step;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private final FakeScreen screen = new FakeScreen(false, StandardCharsets.UTF_8, 80);

  private void train(ProgressBar bar, int from, int to, double loss) {
    for (int step = from; step <= to; step++) {
      screen.pass(Duration.ofMillis(10));
      bar.onStep(new Step(step, 1, loss, 4, Duration.ZERO));
    }
  }

  @Test
  void showsTheMeanOfTheFirstLosses() {
    ProgressBar bar = new ProgressBar(screen.screen(), "base");
    bar.onStart(20, 0);
    train(bar, 1, 1, 1.0);
    train(bar, 2, 2, 2.0);
    bar.onEnd();

    assertThat(screen.lines().get(0)).isEqualTo("base: 10 %, 2/20, loss 1.500");
  }

  @Test
  void forgetsOldLosses() {
    ProgressBar bar = new ProgressBar(screen.screen(), "base");
    bar.onStart(2_000, 0);
    train(bar, 1, 1_000, 9.0);
    train(bar, 1_001, 2_000, 1.0);
    bar.onEnd();

    assertThat(screen.lines().get(9))
        .isEqualTo("base: 2,000 steps in 20 s, loss 1.000, 100 steps/s");
  }

  @Test
  void aTrainingThatFailsLeavesAWholeLine() {
    try (ProgressBar bar = new ProgressBar(screen.screen(), "base")) {
      bar.onStart(100, 0);
      train(bar, 1, 5, 1.0);
    }

    assertThat(screen.text()).isEqualTo("base: 5 steps in 0 s, loss 1.000%n".formatted());
  }

  @Test
  void aSecondTrainingStartsAnew() {
    ProgressBar bar = new ProgressBar(screen.screen(), "base");
    bar.onStart(1, 0);
    train(bar, 1, 1, 5.0);
    bar.onEnd();
    bar.onStart(1, 0);
    train(bar, 1, 1, 3.0);
    bar.onEnd();

    assertThat(screen.lines()).hasSize(2).last().asString().contains("loss 3.000");
  }

  @Test
  void nothingStartedNothingShown() {
    new ProgressBar(screen.screen(), "base").close();

    assertThat(screen.text()).isEmpty();
  }
}
