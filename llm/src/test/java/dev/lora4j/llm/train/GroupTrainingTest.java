package dev.lora4j.llm.train;

import static dev.lora4j.llm.train.SmallRun.CONFIG;
import static dev.lora4j.llm.train.SmallRun.TRAIN;
import static dev.lora4j.llm.train.SmallRun.VALID;
import static dev.lora4j.llm.train.SmallRun.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.Workers;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of several processes has the bits of one process with as many workers. */
class GroupTrainingTest {
  private final Path directory;

  GroupTrainingTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private LanguageModelTrainingResult train(String name, int workers, ProcessGroup group) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = model()) {
      Objective objective = new CausalLmObjective(TRAIN, VALID);
      TrainingArguments arguments =
          settings().epochs(1).optimizer(AdamW.Settings.of(1e-2).weightDecay(0.1));
      TrainingJob job =
          new TrainingJob(
              model.adapted,
              "default",
              objective,
              directory.resolve(name),
              arguments,
              workers,
              TrainingJob.Start.NEW,
              group);
      return LanguageModelTrainer.run(job, TrainingCallback.NONE);
    }
  }

  /** One after the other: initial values are drawn from the JVM's own generator. */
  private static synchronized SmallModel model() {
    return SmallModel.with("llama3", CONFIG);
  }

  private byte[] adapter(String name) throws Exception {
    return Files.readAllBytes(directory.resolve(name).resolve("adapter_model.safetensors"));
  }

  private LanguageModelTrainingResult trainInTwo(int workers) throws Exception {
    LocalGroup group = new LocalGroup(2);
    ExecutorService processes = Executors.newFixedThreadPool(2);
    try {
      List<Future<LanguageModelTrainingResult>> runs =
          List.of(
              processes.submit(() -> train("rank0", workers, group.process(0))),
              processes.submit(() -> train("rank1", workers, group.process(1))));
      runs.get(1).get();
      return runs.get(0).get();
    } finally {
      processes.shutdownNow();
    }
  }

  @Test
  void twoProcessesHaveTheBitsOfOneWithAsManyWorkers() throws Exception {
    LanguageModelTrainingResult alone = train("alone", 2, ProcessGroup.SINGLE);
    LanguageModelTrainingResult together = trainInTwo(2);

    assertThat(adapter("rank0")).isEqualTo(adapter("alone"));
    assertThat(adapter("rank1")).isEqualTo(adapter("alone"));
    assertThat(together.trainLoss()).isEqualTo(alone.trainLoss());
    assertThat(together.validLossAfter()).isEqualTo(alone.validLossAfter());
  }

  @Test
  void processesWithoutAShardTakePart() throws Exception {
    train("alone", 4, ProcessGroup.SINGLE); // the last step has a single row
    trainInTwo(4);

    assertThat(adapter("rank0")).isEqualTo(adapter("alone"));
    assertThat(adapter("rank1")).isEqualTo(adapter("alone"));
  }

  @Test
  void workersAreDividedEvenly() {
    assertThatThrownBy(() -> new Workers(3, new LocalGroup(2).process(0)))
        .isInstanceOf(UserError.class)
        .hasMessage("3 workers can't be divided among 2 processes; each has the same number");
  }
}
