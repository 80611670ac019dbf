package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of an options file by another program, as on a cluster. */
class TrainRecipeTest {
  private static final String ADAPTER = "adapter_model.safetensors";

  private final Path directory;
  private final SmallTraining training;

  TrainRecipeTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
  }

  @Test
  void theCommandGoesOnWithTheSameSettings() throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("train.yaml"),
            """
            model: %s
            rank: 4
            steps: 6
            learning-rate: 1e-3
            save-steps: 3
            validation-split: 0
            """
                .formatted(training.model()));
    Path out = Files.createDirectory(directory.resolve("elsewhere"));
    Path data = Files.copy(training.chats(), out.resolve("data.jsonl"));
    FineTuneRecipe recipe = TrainRecipe.read(config).data(data).workers(2);
    try (FineTuneRun run = recipe.open(out)) {
      Map<String, Object> options = TrainRecipe.options(config, run.settings());
      options.putAll(Map.of("data", data, "out", out, "workers", 2));
      run.record(options);
      run.train(new StopAt(3));
    }
    Path copy = Files.move(out, directory.resolve("copy"));
    CommandLineRun resumed = CommandLineRun.of("train", "--resume", "--out", copy.toString());
    assertThat(resumed.status()).as(resumed.err()).isZero();

    Path whole = directory.resolve("whole");
    CommandLineRun run = training.train(copy.resolve("data.jsonl"), whole, "--config=" + config);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(copy.resolve(ADAPTER)).hasSameBinaryContentAs(whole.resolve(ADAPTER));
  }

  /** Ends a run after a step. */
  private static final class StopAt implements TrainingCallback {
    private final long last;
    private boolean reached;

    StopAt(long last) {
      this.last = last;
    }

    @Override
    public void onStep(Step step) {
      reached = step.number() == last;
    }

    @Override
    public boolean wantsToStop() {
      return reached;
    }
  }
}
