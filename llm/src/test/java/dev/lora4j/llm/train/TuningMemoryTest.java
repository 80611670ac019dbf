package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Memory does not grow during a run, evaluations and checkpoints included, though JavaCPP's own
 * clean-up is off in these tests (see the pom): leaked memory would accumulate.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
class TuningMemoryTest {
  private static final long ALLOWED_GROWTH = 16 << 20;
  private static final long WARM_UP = 200;
  private static final long STEPS = 700;

  @ParameterizedTest
  @CsvSource({"gpt2, 0.1, false", "gpt2, 0.1, true", "llama3, 0, false"})
  void stepsLeaveItFlat(String family, double dropout, boolean recompute, @TempDir Path directory) {
    BatchConfig batching = BatchConfig.of(4).maxSeqLength(40).packing();
    TrainingArguments settings =
        TrainingArguments.of(1e-3)
            .steps(STEPS)
            .batching(recompute ? batching.gradientCheckpointing() : batching)
            .pace(new EvalAndSavePolicy(100, 0, 250));
    long[] resident = new long[2];
    TrainingCallback watcher =
        new TrainingCallback() {
          @Override
          public void onStep(Step step) {
            if (step.number() == WARM_UP) {
              resident[0] = residentBytes();
            }
            if (step.number() == STEPS) {
              resident[1] = residentBytes();
            }
          }
        };
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with(family, LoraConfig.rank(4).dropout(dropout))) {
      Objective data = new CausalLmObjective(SmallModel.examples(40, 1), SmallModel.examples(5, 2));
      LanguageModelTrainer.run(
          TrainingJob.of(model.adapted, data, directory.resolve("run"), settings).workers(2),
          watcher);
    }
    assertThat(resident[1] - resident[0]).as("bytes by 500 steps").isLessThan(ALLOWED_GROWTH);
  }

  private static long residentBytes() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
