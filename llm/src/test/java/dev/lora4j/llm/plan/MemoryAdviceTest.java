package dev.lora4j.llm.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryAdviceTest {
  private final Path directory;

  MemoryAdviceTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private MemoryAdvice advice(String config, BatchConfig batching, long gigabytes)
      throws IOException {
    try (ModelOutline model = Shapes.outline(directory, config)) {
      TrainingSetup setup =
          new TrainingSetup(model.base(BaseStore.FLOAT32), LoraConfig.rank(8), batching, 2);
      return MemoryAdvice.of(model, setup, gigabytes * 1_000_000_000);
    }
  }

  @Test
  void settingsThatFitAreLeftAlone() throws IOException {
    MemoryAdvice advice = advice(Shapes.SMOLLM2_135M, BatchConfig.of(4), 16);

    assertThat(advice.changes()).isEmpty();
    assertThat(advice.fits()).isTrue();
  }

  @Test
  void checkpointingComesFirst() throws IOException {
    MemoryAdvice advice = advice(Shapes.SMOLLM2_135M, BatchConfig.of(8).maxSeqLength(512), 4);

    assertThat(advice.changes()).containsExactly("--gradient-checkpointing");
    assertThat(advice.fits()).isTrue();
  }

  /** 32 GB in float32: the batch alone does not help, so it is not asked for. */
  @Test
  void changesThatHelpNotAreNotAskedFor() throws IOException {
    MemoryAdvice advice = advice(Shapes.LLAMA3_8B, BatchConfig.of(1).maxSeqLength(256), 10);

    assertThat(advice.changes()).containsExactly("--quantize nf4");
    assertThat(advice.fits()).isTrue();
    assertThat(advice.memory().total()).isLessThan(10_000_000_000L);
  }

  @Test
  void smallerBatchesKeepTheStep() throws IOException {
    MemoryAdvice advice = advice(Shapes.TINY_LLAMA, BatchConfig.of(64).maxSeqLength(2048), 8);

    BatchConfig batching = advice.setup().batching();
    assertThat(advice.changes()).contains("--gradient-checkpointing");
    assertThat(batching.batchSize() * batching.gradientAccumulationSteps()).isEqualTo(64);
    assertThat(batching.batchSize()).isLessThan(64);
    assertThat(advice.fits()).isTrue();
  }

  @Test
  void whatNeverFitsIsSaid() throws IOException {
    MemoryAdvice advice = advice(Shapes.LLAMA3_8B, BatchConfig.of(4), 4);

    assertThat(advice.fits()).isFalse();
    assertThat(advice.changes())
        .containsExactly(
            "--gradient-checkpointing",
            "--batch-size 1 --gradient-accumulation-steps 4",
            "--quantize nf4 --double-quant",
            "--max-seq-length 256",
            "--rank 4");
  }
}
