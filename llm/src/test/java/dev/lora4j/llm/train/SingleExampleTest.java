package dev.lora4j.llm.train;

import static dev.lora4j.TensorAssert.assertSameState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
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

  @Test
  void operatorsAreSplitOverTheWorkersOfTheProcess() throws Exception {
    assertThat(mostThreads("alone", 2, ProcessGroup.SINGLE).get()).isEqualTo(2);

    LocalGroup group = new LocalGroup(2);
    ExecutorService processes = Executors.newFixedThreadPool(2);
    try {
      List<Future<AtomicInteger>> counts =
          List.of(
              processes.submit(() -> mostThreads("rank0", 2, group.process(0))),
              processes.submit(() -> mostThreads("rank1", 2, group.process(1))));
      assertThat(counts.get(0).get().get()).isEqualTo(1);
      assertThat(counts.get(1).get().get()).isZero(); // it has no shard
    } finally {
      processes.shutdownNow();
    }
  }

  /** Trains, and returns the greatest number of threads of an operator. */
  private AtomicInteger mostThreads(String name, int workers, ProcessGroup group) {
    AtomicInteger most = new AtomicInteger();
    try (PointerScope scope = new PointerScope();
        SmallModel model = model()) {
      run(model, name, data -> new CountedThreads(data, most), workers, group);
    }
    return most;
  }

  /** An objective that notes the number of threads of the thread that computes it. */
  private record CountedThreads(CausalLmObjective data, AtomicInteger most) implements Objective {
    @Override
    public double lossAndGradientWeights(TokenLosses losses, float[] weights) {
      most.accumulateAndGet(torch.get_num_threads(), Math::max);
      return data.lossAndGradientWeights(losses, weights);
    }

    @Override
    public TrainValidationSplit<List<Example>> groups() {
      return data.groups();
    }

    @Override
    public Map<String, String> settings() {
      return data.settings();
    }

    @Override
    public boolean needsReference() {
      return false;
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

  /** One after the other: initial values are drawn from the JVM's own generator. */
  private static synchronized SmallModel model() {
    return SmallModel.with("llama3", LoraConfig.rank(4).alpha(8));
  }

  private LanguageModelTrainingResult run(SmallModel model, String name, int workers) {
    return run(model, name, data -> data, workers, ProcessGroup.SINGLE);
  }

  private LanguageModelTrainingResult run(
      SmallModel model,
      String name,
      Function<CausalLmObjective, Objective> objective,
      int workers,
      ProcessGroup group) {
    SplittableRandom random = new SplittableRandom(4);
    List<Example> texts = IntStream.range(0, STEPS).mapToObj(i -> example(random)).toList();
    TrainingArguments settings =
        TrainingArguments.of(1e-2).steps(STEPS).batching(BatchConfig.of(1).maxSeqLength(LENGTH));
    return LanguageModelTrainer.run(
        new TrainingJob(
            model.adapted,
            "default",
            objective.apply(new CausalLmObjective(texts, Collections.emptyList())),
            directory.resolve(name),
            settings,
            workers,
            TrainingJob.Start.NEW,
            group),
        TrainingCallback.NONE);
  }

  private static Example example(SplittableRandom random) {
    boolean[] loss = new boolean[LENGTH];
    Arrays.fill(loss, 1, LENGTH, true);
    return Example.of(random.ints(LENGTH, 3, 96).toArray(), loss);
  }
}
