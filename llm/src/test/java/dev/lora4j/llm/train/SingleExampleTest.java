package dev.lora4j.llm.train;

import static dev.lora4j.TensorAssert.assertSameState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A batch of one long example, whose operators are split over the workers' threads. */
class SingleExampleTest {
  private static final int LENGTH = 120;
  private static final int STEPS = 8;

  @TempDir Path directory;

  @Test
  void aRunRepeatsBitForBit() {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> first = train("first", 2);

      assertSameState(train("second", 2), first);
    }
  }

  /** Tolerance 1e-5 of the loss: the sums are taken in another order. */
  @Test
  void theLossIsThatOfOneThread() {
    try (PointerScope scope = new PointerScope()) {
      double one = loss("one", 1);

      assertThat(loss("two", 2)).isCloseTo(one, within(1e-5 * one));
      assertThat(torch.get_num_threads()).isEqualTo(1);
    }
  }

  private Map<String, Tensor> train(String name, int workers) {
    try (SmallModel model = model()) {
      run(model, name, workers);
      return model.learned();
    }
  }

  private double loss(String name, int workers) {
    try (SmallModel model = model()) {
      return run(model, name, workers).trainLoss();
    }
  }

  private static SmallModel model() {
    return SmallModel.with("llama3", LoraConfig.rank(4).alpha(8));
  }

  private LanguageModelTrainingResult run(SmallModel model, String name, int workers) {
    SplittableRandom random = new SplittableRandom(4);
    List<Example> texts = IntStream.range(0, STEPS).mapToObj(i -> example(random)).toList();
    TrainingArguments settings =
        TrainingArguments.of(1e-2).steps(STEPS).batching(BatchConfig.of(1).maxSeqLength(LENGTH));
    Objective data = new CausalLmObjective(texts, Collections.emptyList());
    return LanguageModelTrainer.run(
        TrainingJob.of(model.adapted, data, directory.resolve(name), settings).workers(workers),
        TrainingCallback.NONE);
  }

  private static Example example(SplittableRandom random) {
    boolean[] loss = new boolean[LENGTH];
    Arrays.fill(loss, 1, LENGTH, true);
    return Example.of(random.ints(LENGTH, 3, 96).toArray(), loss);
  }
}
