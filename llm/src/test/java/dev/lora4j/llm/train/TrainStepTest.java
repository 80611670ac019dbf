package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A step computes the exact gradient of the loss, regardless of layout and prefix sharing. */
class TrainStepTest {
  private static final double TOLERANCE = 1e-5; // sums are taken in another order
  private static final double SAME = 1e-6;
  private static final List<Example> EXAMPLES = withOtherEnds(SmallModel.examples(5, 3), 2);

  /** As many more, which begin as the first ones do. */
  private static List<Example> withOtherEnds(List<Example> examples, int more) {
    List<Example> all = new ArrayList<>(examples);
    for (Example example : examples.subList(0, more)) {
      int[] tokens = example.tokens();
      int common = tokens.length * 2 / 3;
      for (int i = common; i < tokens.length; i++) {
        tokens[i] = 1 + tokens[i] % 7;
      }
      all.add(Example.of(tokens, example.loss()));
    }
    return all;
  }

  private static TrainingJob request(SmallModel model, BatchConfig batching, int workers) {
    return request(model, EXAMPLES, batching, workers);
  }

  private static TrainingJob request(
      SmallModel model, List<Example> examples, BatchConfig batching, int workers) {
    return TrainingJob.of(
            model.adapted,
            new CausalLmObjective(examples, List.of()),
            Path.of("not-written"),
            TrainingArguments.of(1e-3).batching(batching).maxGradNorm(Double.POSITIVE_INFINITY))
        .workers(workers);
  }

  /** The mean loss, and the gradient behind it, which lives in the caller's scope. */
  private record Found(double loss, Tensor gradient) {}

  private static Found first(SmallModel model, BatchConfig batching, int workers) {
    return first(request(model, batching, workers));
  }

  private static Found first(TrainingJob request) {
    int workers = request.workers();
    Objective objective = request.objective();
    try (Workers group = new Workers(workers);
        Gradients gradients = new Gradients();
        TrainStep step = new TrainStep(request, objective, group, gradients)) {
      GlobalBatch window = objective.steps(request.settings()).epoch(0).get(0);
      TrainStep.Outcome outcome = step.take(1, window);
      return new Found(outcome.loss() / outcome.units(), gradients.last().clone());
    }
  }

  static Stream<Arguments> layouts() {
    BatchConfig alone = BatchConfig.of(7).maxSeqLength(40);
    List<BatchConfig> layouts =
        List.of(
            alone,
            alone.gradientCheckpointing(),
            alone.packing(),
            alone.packing().gradientCheckpointing());
    return Stream.of(
            "llama3",
            "mistral",
            "qwen3",
            "gpt2",
            "smollm3_listed",
            "phi3",
            "gemma2",
            "gemma3",
            "ministral3",
            "olmo2",
            "qwen3_moe")
        .flatMap(
            family ->
                layouts.stream()
                    .flatMap(
                        layout ->
                            IntStream.of(1, 3)
                                .mapToObj(workers -> Arguments.of(family, layout, workers))));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void theGradientIsThatOfTheLossWrittenOut(String family, BatchConfig batching, int workers) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      Found found = first(model, batching, workers);
      Found expected = writtenOut(model);
      assertThat(found.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
      TensorAssert.assertThat(found.gradient()).isCloseTo(expected.gradient(), TOLERANCE);
    }
  }

  /** Examples long enough for attention in several query blocks. */
  private static List<Example> longExamples() {
    List<Example> examples = new ArrayList<>();
    for (Example part : SmallModel.examples(60, 4)) {
      boolean opens = examples.isEmpty() || examples.get(examples.size() - 1).length() > 99;
      examples.add(opens ? part : joined(examples.remove(examples.size() - 1), part));
    }
    examples.remove(examples.size() - 1);
    assertThat(examples).hasSizeGreaterThan(3).allMatch(e -> e.length() > 99);
    return withOtherEnds(examples, 2);
  }

  private static Example joined(Example one, Example other) {
    int[] tokens = Arrays.copyOf(one.tokens(), one.length() + other.length());
    boolean[] loss = Arrays.copyOf(one.loss(), tokens.length);
    System.arraycopy(other.tokens(), 0, tokens, one.length(), other.length());
    System.arraycopy(other.loss(), 0, loss, one.length(), other.length());
    return Example.of(tokens, loss);
  }

  @ParameterizedTest
  @CsvSource({
    "llama3, false",
    "llama3, true",
    "mistral, false",
    "mistral, true",
    "qwen3, false",
    "smollm3_listed, false",
    "phi3, true",
    "gemma2, false",
    "gemma2, true",
    "gemma3, false",
    "ministral3, false",
    "olmo2, true",
    "qwen3_moe, true"
  })
  void longExamplesToo(String family, boolean recompute) {
    List<Example> examples = longExamples();
    BatchConfig batching = BatchConfig.of(examples.size()).maxSeqLength(128);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter(family)) {
      Found found =
          first(
              request(model, examples, recompute ? batching.gradientCheckpointing() : batching, 2));
      Found expected = writtenOut(model, examples);
      assertThat(found.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
      TensorAssert.assertThat(found.gradient()).isCloseTo(expected.gradient(), TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void adaptersOnExpertsToo(boolean packed) {
    LoraConfig config =
        LoraConfig.rank(2)
            .targets(Targets.named("q_proj"))
            .targetParameters("mlp.experts.gate_up_proj", "mlp.experts.down_proj");
    BatchConfig batching = BatchConfig.of(7).maxSeqLength(40);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("qwen3_moe", config)) {
      try (NoGradGuard guard = new NoGradGuard()) {
        model.adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.1, null));
      }
      Found found = first(model, packed ? batching.packing() : batching, 2);
      Found expected = writtenOut(model);
      assertThat(found.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
      TensorAssert.assertThat(found.gradient()).isCloseTo(expected.gradient(), TOLERANCE);
    }
  }

  private static Found writtenOut(SmallModel model) {
    return writtenOut(model, EXAMPLES);
  }

  /** All logits of each example alone. */
  private static Found writtenOut(SmallModel model, List<Example> examples) {
    List<Parameter> trained = model.adapted.parameters("default");
    int units = examples.stream().mapToInt(Example::lossTokens).sum();
    double loss = 0;
    try (GradientBuffer view = new GradientBuffer(trained)) {
      view.enter();
      for (Example example : examples) {
        Tensor ofExample = loss(model.network(), example);
        Ops.backward(ofExample, Ops.tensor(new float[] {1f / units}).reshape());
        loss += ofExample.item_double() / units;
      }
      view.leave();
      return new Found(loss, view.gradient().clone());
    }
  }

  private static Tensor loss(LanguageModel model, Example example) {
    long[] ids = Arrays.stream(example.tokens()).asLongStream().toArray();
    long[] targets = new long[ids.length - 1];
    for (int i = 1; i < ids.length; i++) {
      targets[i - 1] = example.carriesLoss(i) ? ids[i] : -100; // which is not looked at
    }
    Tensor logits = model.forward(Ops.tensor(ids).view(1, -1)).select(0, 0);
    return Ops.crossEntropySum(logits.narrow(0, 0, targets.length), Ops.tensor(targets));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void accumulatedBatchesAreTheBigBatch(boolean packed) {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama3")) {
      BatchConfig big = BatchConfig.of(6).maxSeqLength(24);
      BatchConfig small = BatchConfig.of(1).gradientAccumulationSteps(6).maxSeqLength(24);
      BatchConfig uneven =
          BatchConfig.of(4)
              .gradientAccumulationSteps(2)
              .maxSeqLength(24); // the window is 4 and 3 rows
      Found whole = first(model, packed ? big.packing() : big, 1);
      Found parts = first(model, packed ? small.packing() : small, 1);
      assertThat(parts.loss()).isCloseTo(whole.loss(), within(SAME));
      assertThat(furthest(parts.gradient(), whole.gradient())).isLessThan(SAME);

      Found last = first(model, packed ? uneven.packing() : uneven, 2);
      Found all = first(model, BatchConfig.of(8).maxSeqLength(24), 1);
      assertThat(furthest(last.gradient(), all.gradient()))
          .as("by two workers, which read other beginnings together")
          .isLessThan(2 * SAME);
    }
  }

  private static double furthest(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item_double();
  }

  @Test
  void aStepIsTheSameBitForBit() {
    BatchConfig batching = BatchConfig.of(2).gradientAccumulationSteps(3).maxSeqLength(24);
    LoraConfig dropping = LoraConfig.rank(4).dropout(0.3);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("gpt2", dropping)) {
      model.network().train(true);
      Found first = first(model, batching, 2);
      torch.rand(3); // whatever is drawn elsewhere
      TensorAssert.assertThat(first(model, batching, 2).gradient()).isExactly(first.gradient());
      TensorAssert.assertThat(first(model, batching.gradientCheckpointing(), 2).gradient())
          .as("with layers computed again")
          .isExactly(first.gradient());

      model.network().train(false);
      assertThat(first(model, batching, 2).loss()).isNotEqualTo(first.loss());
    }
  }

  /** Counts the rows that it is given. */
  private static final class CountingHead extends Module {
    private final Linear head;
    private long rows;

    CountingHead(Linear head) {
      this.head = head;
    }

    @Override
    public Tensor forward(Tensor input) {
      rows += input.numel() / input.size(-1);
      return head.forward(input);
    }
  }

  @Test
  void thereAreNoLogitsWhereThereIsNoLoss() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama2")) {
      CountingHead head = new CountingHead((Linear) model.network().find("lm_head"));
      model.network().replace("lm_head", head);
      TrainingJob request = request(model, BatchConfig.of(7).maxSeqLength(40), 1);
      Objective objective = request.objective();
      try (Workers group = new Workers(1);
          Gradients gradients = new Gradients();
          TrainStep step = new TrainStep(request, objective, group, gradients)) {
        GlobalBatch window = objective.steps(request.settings()).epoch(0).get(0);
        step.evaluate(List.of(window));
        assertThat(head.rows).isEqualTo(window.lossTokens());
      }
      model.network().replace("lm_head", head.head);
    }
  }

  @Test
  void aHeadThatLearnsToo() {
    LoraConfig withHead =
        LoraConfig.rank(2).targets(Targets.named("q_proj", "lm_head")).dropout(0.2);
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.with("llama2", withHead)) {
      model
          .adapted
          .parameters("default")
          .forEach(p -> p.copyFrom(torch.randn(p.shape()).mul(new Scalar(0.1))));
      Found found = first(model, BatchConfig.of(7).maxSeqLength(40), 2);
      TensorAssert.assertThat(found.gradient()).isCloseTo(writtenOut(model).gradient(), TOLERANCE);

      model.network().train(true);
      Found dropped = first(model, BatchConfig.of(7).maxSeqLength(40), 1);
      TensorAssert.assertThat(first(model, BatchConfig.of(7).maxSeqLength(40), 1).gradient())
          .isExactly(dropped.gradient());
    }
  }

  @Test
  void lossesThatAreNoNumbersNameStepBatchAndExamples() {
    try (PointerScope scope = new PointerScope();
        SmallModel model = SmallModel.withPeftsAdapter("llama3")) {
      model.spoil();
      assertThatThrownBy(
              () ->
                  first(model, BatchConfig.of(2).gradientAccumulationSteps(4).maxSeqLength(40), 1))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageContaining("the loss is NaN at step 1, batch 1 of 4 (example ")
          .hasMessageContaining("lower learning rate");
    }
  }
}
