package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final int EXAMPLES = 22;

  private final PointerScope scope = new PointerScope();
  private final Dataset data = examples();

  @AfterEach
  void close() {
    scope.close();
  }

  /** Returns examples whose class is the index of the largest of their first three values. */
  private static Dataset examples() {
    Engine.seed(11);
    Tensor inputs = torch.randn(EXAMPLES, Mlp.IN);
    return TensorDataset.of(inputs, Ops.argmaxOfRows(inputs.narrow(1, 0, Mlp.CLASSES)));
  }

  private static Mlp network() {
    Engine.seed(5);
    return new Mlp();
  }

  private TrainingResult train(Module network, int workers) {
    try (Workers group = new Workers(workers);
        AdamW adamW = new AdamW(0.01)) {
      return Trainer.of(network, adamW).epochs(3).batchSize(4).seed(2).fit(data, group);
    }
  }

  // ---- what a step is ----

  /** p − lr · ∂(mean loss)/∂p, with the gradient by libtorch alone. */
  @Test
  void oneStepIsTheGradientOfTheMeanLoss() {
    try (Mlp net = network();
        Mlp same = network();
        Sgd sgd = new Sgd(0.5, 0)) {
      Tensor all = torch.arange(new Scalar(EXAMPLES));
      Batch batch = data.gather(all);
      Tensor loss = Ops.crossEntropySum(same.forward(batch.inputs()), batch.targets());
      loss.div(new Scalar(EXAMPLES)).backward();

      TrainingResult result =
          Trainer.of(net, sgd).batchSize(EXAMPLES).fit(data); // one batch of everything

      assertThat(result.steps()).isEqualTo(1);
      for (String path : net.namedParameters().keySet()) {
        Tensor before = same.parameterAt(path).value();
        TensorAssert.assertThat(net.parameterAt(path).value())
            .as(path)
            .isCloseTo(Ops.addScaled(before.detach(), before.grad(), -0.5), 1e-6);
      }
    }
  }

  @Test
  void oneStepIsTheGradientOfTheMeanSquaredError() {
    Tensor inputs = torch.randn(EXAMPLES, 3);
    Tensor targets = inputs.sum(new long[] {1});
    try (Linear net = new Linear(3, 1);
        Linear same = new Linear(3, 1);
        TensorDataset numbers = TensorDataset.ofNumbers(inputs, targets);
        Sgd sgd = new Sgd(0.5, 0);
        Workers workers = new Workers(2)) {
      Map<String, Parameter> ofSame = same.namedParameters();
      ofSame.forEach(
          (path, parameter) -> parameter.copyFrom(at(net.namedParameters(), path).value()));
      same.forward(inputs).view(EXAMPLES).sub(targets).square().mean().backward();

      Trainer.of(net, sgd).loss(Loss.SQUARED_ERROR).batchSize(EXAMPLES).fit(numbers, workers);

      for (String path : List.of("weight", "bias")) {
        Tensor before = at(ofSame, path).value();
        TensorAssert.assertThat(at(net.namedParameters(), path).value())
            .as(path)
            .isCloseTo(Ops.addScaled(before.detach(), before.grad(), -0.5), 1e-6);
      }
    }
  }

  @Test
  void networkLearnsALearnableTask() {
    try (Mlp net = network();
        AdamW adamW = new AdamW(0.01);
        Workers workers = new Workers(1)) {
      List<String> names = List.of("a", "b", "c");
      double before = Accuracy.of(net, data, names, workers).all();

      TrainingResult result = Trainer.of(net, adamW).epochs(100).fit(data, workers);

      assertThat(before).isLessThan(0.8);
      assertThat(Accuracy.of(net, data, names, workers).all()).isEqualTo(1);
      List<LossCurve.Point> curve = result.curve().points();
      assertThat(curve.get(curve.size() - 1).loss()).isLessThan(curve.get(0).loss() / 5);
      assertThat(result.stepsPerSecond()).isPositive();
      assertThat(net.isTraining()).isFalse();
    }
  }

  @Test
  void secondRunContinuesTraining() {
    try (Mlp net = network()) {
      train(net, 1);
      Map<String, Tensor> between = copy(net);
      train(net, 2);

      assertThat(net.parameterAt("fc1.weight").value().equal(at(between, "fc1.weight"))).isFalse();
      assertThat(net.trainableParameters()).hasSize(5);
    }
  }

  // ---- workers ----

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void sameSeedAndWorkersGiveTheSameBits(int workers) {
    try (Mlp one = network();
        Mlp other = network()) {
      TrainingResult first = train(one, workers);
      TrainingResult second = train(other, workers);

      TensorAssert.assertSameState(other.stateDict(), one.stateDict());
      assertThat(second.curve().points()).isEqualTo(first.curve().points());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7}) // also more workers than examples in a batch
  void numberOfWorkersChangesOnlyRounding(int workers) {
    try (Mlp one = network();
        Mlp many = network()) {
      train(one, 1);
      train(many, workers);

      assertClose(many, one);
    }
  }

  private static void assertClose(Module actual, Module expected) {
    Map<String, Tensor> state = expected.stateDict();
    actual
        .stateDict()
        .forEach(
            (path, value) ->
                TensorAssert.assertThat(value).as(path).isCloseTo(at(state, path), 1e-5));
  }

  @Test
  void otherSeedGivesAnotherResult() {
    try (Mlp one = network();
        Mlp other = network();
        Sgd sgd = new Sgd(0.1, 0);
        Sgd same = new Sgd(0.1, 0)) {
      Trainer.of(one, sgd).seed(1).fit(data);
      Trainer.of(other, same).seed(2).fit(data);

      assertThat(one.parameterAt("fc1.weight").value().equal(at(copy(other), "fc1.weight")))
          .isFalse();
    }
  }

  // ---- what never gets a gradient ----

  /** As in PyTorch, a parameter without a gradient is not updated, not even by weight decay. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void parameterOutsideOfTheForwardIsNotChanged(int workers) {
    try (Module net = new WithUnused()) {
      Map<String, Tensor> before = copy(net);

      train(net, workers);

      Map<String, Tensor> after = net.stateDict();
      TensorAssert.assertThat(at(after, "unused.weight")).isExactly(at(before, "unused.weight"));
      assertThat(at(after, "used.weight").equal(at(before, "used.weight"))).isFalse();
    }
  }

  private static final class WithUnused extends Module {
    private final Linear used = new Linear(Mlp.IN, Mlp.CLASSES);

    WithUnused() {
      child("unused", new Linear(2, 2));
      child("used", used);
    }

    @Override
    public Tensor forward(Tensor input) {
      return used.forward(input);
    }
  }

  // ---- the frozen prefix ----

  @Test
  void frozenFirstStagesAreComputedOnceAndTheResultIsTheSame() {
    try (Mlp cached = headOnly();
        Mlp plain = headOnly()) {
      assertThat(trainWithCache(cached, 1L << 20).cachedStages()).isEqualTo(2);
      assertThat(trainWithCache(plain, 0).cachedStages()).isZero();

      assertClose(cached, plain);
    }
  }

  /** Eight floats per example. */
  @Test
  void outputsBeyondTheLimitAreNotCached() {
    try (Mlp fits = headOnly();
        Mlp doesNot = headOnly()) {
      assertThat(trainWithCache(fits, EXAMPLES * 32).cachedStages()).isEqualTo(2);
      assertThat(trainWithCache(doesNot, EXAMPLES * 32 - 1).cachedStages()).isZero();
    }
  }

  @Test
  void randomPrefixIsNotCached() {
    try (Sequential net = new Sequential(new Dropout(0.5), new Linear(Mlp.IN, Mlp.CLASSES));
        Sgd sgd = new Sgd(0.1, 0)) {
      net.train(false);

      assertThat(Trainer.of(net, sgd).fit(data).cachedStages()).isZero();
    }
  }

  private static Mlp headOnly() {
    Mlp net = network();
    net.find("fc1").freeze();
    net.find("block").freeze();
    return net;
  }

  private TrainingResult trainWithCache(Mlp net, long bytes) {
    try (Workers workers = new Workers(2);
        Sgd sgd = new Sgd(0.1, 0.9)) {
      return Trainer.of(net, sgd).epochs(4).batchSize(5).cacheBytes(bytes).fit(data, workers);
    }
  }

  // ---- who watches ----

  @Test
  void callbackReceivesAllEventsInOrder() {
    Recorder recorder = new Recorder();
    try (Mlp net = network();
        Sgd sgd = new Sgd(0.1, 0)) {
      Trainer.of(net, sgd)
          .epochs(2)
          .batchSize(10)
          .callback(TrainingCallback.all(TrainingCallback.NONE, recorder))
          .fit(data);
    }

    assertThat(recorder.heard)
        .containsExactly(
            "start 6",
            "step 1 of epoch 1: 10",
            "step 2 of epoch 1: 10",
            "step 3 of epoch 1: 2",
            "epoch 1",
            "step 4 of epoch 2: 10",
            "step 5 of epoch 2: 10",
            "step 6 of epoch 2: 2",
            "epoch 2",
            "end");
    assertThat(recorder.losses).allMatch(loss -> loss > 0 && loss < 10);
  }

  private static final class Recorder implements TrainingCallback {
    private final List<String> heard = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();

    @Override
    public void onStart(long steps, long done) {
      heard.add("start " + steps);
    }

    @Override
    public void onStep(Step step) {
      heard.add("step %d of epoch %d: %d".formatted(step.number(), step.epoch(), step.examples()));
      losses.add(step.loss());
    }

    @Override
    public void onEpoch(int epoch) {
      heard.add("epoch " + epoch);
    }

    @Override
    public void onEnd() {
      heard.add("end");
    }
  }

  /** Counts native memory, to which every leaking epoch would add. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void epochsLeakNoMemory(int workers) {
    List<Long> counts = new ArrayList<>();
    TrainingCallback counting =
        new TrainingCallback() {
          @Override
          public void onEpoch(int epoch) {
            counts.add(Pointer.totalCount());
          }
        };
    try (Mlp net = network();
        AdamW adamW = new AdamW(0.01);
        Workers group = new Workers(workers)) {
      Trainer.of(net, adamW).epochs(4).callback(counting).fit(data, group);
    }
    assertThat(counts).hasSize(4).allMatch(count -> count <= counts.get(0));
  }

  // ---- what can't go on ----

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void nanLossStopsTrainingBeforeTheUpdate(int workers) {
    Tensor inputs = torch.zeros(6, Mlp.IN);
    inputs.select(0, 3).fill_(new Scalar(Float.NaN));
    Recorder recorder = new Recorder();
    try (Mlp net = network();
        Sgd sgd = new Sgd(0.1, 0.9);
        Workers group = new Workers(workers);
        TensorDataset broken = TensorDataset.of(inputs, Ops.tensor(new long[6]))) {
      int step = stepThatSees(3);

      assertThatThrownBy(
              () -> Trainer.of(net, sgd).batchSize(1).callback(recorder).fit(broken, group))
          .isInstanceOf(TrainingFailed.class)
          .hasMessage(
              "the loss is NaN at step %d (epoch 1); try a lower learning rate".formatted(step));

      assertThat(recorder.losses).hasSize(step - 1);
      assertThat(net.isTraining()).isFalse();
      for (Parameter parameter : net.namedParameters().values()) {
        assertThat(Ops.floats(parameter.value())).doesNotContain(Float.NaN);
      }
    }
  }

  private static int stepThatSees(int example) {
    long[] order = Shuffle.order(6, 0, 1);
    for (int i = 0; i < order.length; i++) {
      if (order[i] == example) {
        return i + 1;
      }
    }
    throw new IllegalStateException("no permutation");
  }

  @Test
  void divergingRunIsStopped() {
    try (Mlp net = network();
        Sgd sgd = new Sgd(1e30, 0.9)) {
      assertThatThrownBy(() -> Trainer.of(net, sgd).epochs(9).fit(data))
          .isInstanceOf(TrainingFailed.class)
          .hasMessageStartingWith("the loss is ");
    }
  }

  @Test
  void emptyDatasetAndFrozenNetworkAreRefused() {
    try (Mlp net = network();
        Sgd sgd = new Sgd(0.1, 0)) {
      Dataset none = TensorDataset.of(torch.zeros(0, Mlp.IN), Ops.tensor(new long[0]));
      assertThatThrownBy(() -> Trainer.of(net, sgd).fit(none))
          .isInstanceOf(UserError.class)
          .hasMessage("no examples to train on");

      net.freeze();
      assertThatThrownBy(() -> Trainer.of(net, sgd).fit(data))
          .isInstanceOf(UserError.class)
          .hasMessage("nothing to train: every parameter is frozen");
    }
  }

  @Test
  void epochsAndBatchSizeBelowOneAreRefused() {
    try (Mlp net = network();
        Sgd sgd = new Sgd(0.1, 0)) {
      Trainer trainer = Trainer.of(net, sgd);
      assertThatThrownBy(() -> trainer.epochs(0))
          .isInstanceOf(UserError.class)
          .hasMessage("epochs must be at least 1, found 0");
      assertThatThrownBy(() -> trainer.batchSize(-4))
          .isInstanceOf(UserError.class)
          .hasMessage("batch size must be at least 1, found -4");
    }
  }

  private static Map<String, Tensor> copy(Module module) {
    Map<String, Tensor> result = new LinkedHashMap<>();
    module.stateDict().forEach((path, value) -> result.put(path, value.detach().clone()));
    return result;
  }

  private static <T> T at(Map<String, T> state, String path) {
    T value = state.get(path);
    if (value == null) {
      throw new IllegalArgumentException(path + " is not in " + state.keySet());
    }
    return value;
  }
}
