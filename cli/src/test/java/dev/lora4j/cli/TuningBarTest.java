package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.train.TrainingCallback.Evaluation;
import dev.lora4j.train.TrainingCallback.Step;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TuningBarTest {

  private static FakeScreen run(boolean terminal) {
    FakeScreen screen = new FakeScreen(terminal, StandardCharsets.UTF_8, 80);
    try (TuningBar bar = new TuningBar(screen.screen())) {
      bar.onStart(40, 20);
      for (int i = 21; i <= 30; i++) {
        screen.pass(Duration.ofSeconds(2));
        bar.onStep(new Step(i, 1, 1.5, 4, 1e-3, 1, 400, 100, Duration.ofSeconds(2)));
      }
      bar.onEvaluation(new Evaluation(30, 1.25, true));
    }
    return screen;
  }

  @Test
  void aFileGetsPlainLines() {
    assertThat(run(false).lines())
        .startsWith("Going on after step 20")
        .contains(
            "LoRA: 60 %, 24/40, loss 1.500  200 tokens/s, 32 s left",
            "30 steps: loss of what was held back 1.2500, the best so far");
  }

  @Test
  void aTerminalGetsABarWithTheTimeLeft() {
    assertThat(run(true).text())
        .contains("24/40", "loss 1.500  200 tokens/s", "s left")
        .contains("30 steps: loss of what was held back 1.2500, the best so far");
  }
}
