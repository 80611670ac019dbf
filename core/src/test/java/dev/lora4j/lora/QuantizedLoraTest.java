package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseFingerprint;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.BlockWeights;
import dev.lora4j.nn.quant.FourBitType;
import dev.lora4j.nn.quant.FourBitWeights;
import dev.lora4j.nn.quant.HalfWeights;
import dev.lora4j.nn.quant.Int8Weights;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An adapter on a quantised weight trains as on the dequantised dense weight. */
class QuantizedLoraTest {
  private static final double TOLERANCE = 1e-5;
  private static final int IN = 64;
  private static final int OUT = 20;
  private static final LoraConfig LORA = LoraConfig.rank(3).alpha(6).targets(Targets.everyLinear());

  @BeforeEach
  void seed() {
    Engine.seed(5);
  }

  @Test
  void quantisationIsExactToHalfAStepOfEachRow() {
    Tensor weight = torch.randn(OUT, IN);
    weight.select(0, 3).zero_();
    Int8Weights store = Int8Weights.quantize(weight);
    Tensor steps = store.absmax().value().div(new Scalar(127)).unsqueeze(1);
    Tensor error = store.dense().sub(weight).abs();

    assertThat(store.quantized().value().scalar_type().intern()).isEqualTo(ScalarType.Char);
    assertThat(error.le(steps.mul(new Scalar(0.5001))).all().item_bool()).isTrue();
    assertThat(Ops.floats(store.dense().select(0, 3))).containsOnly(0);
    TensorAssert.assertThat(store.dense().abs().amax(new long[] {1}, false))
        .isCloseTo(weight.abs().amax(new long[] {1}, false), TOLERANCE);
  }

  @Test
  void handSetWeightCanBeCheckedByEye() {
    Int8Weights store = Int8Weights.quantize(Ops.tensor(new float[] {127, -64, 0, 2.54f}, 2, 2));
    assertThat(Ops.floats(store.quantized().value())).containsExactly(127, -64, 0, 127);
    assertThat(Ops.floats(store.absmax().value())).containsExactly(127, 2.54f);
  }

  @Test
  void valuesThatAreNotFiniteAreRefused() {
    Tensor weight = Ops.tensor(new float[] {1, Float.NaN}, 1, 2);
    assertThatThrownBy(() -> Int8Weights.quantize(weight))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("NaN");
  }

  /** The ways to store a weight. */
  enum Store {
    HALF,
    INT8,
    NF4,
    Q4_0;

    WeightStore of(Tensor weight) {
      return switch (this) {
        case HALF -> new HalfWeights(Parameter.frozen(weight.to(ScalarType.BFloat16)));
        case INT8 -> Int8Weights.quantize(weight);
        case NF4 -> FourBitWeights.quantize(weight, FourBitType.NF4, 64, true);
        case Q4_0 -> BlockWeights.quantize(weight, BlockType.Q4_0);
      };
    }
  }

  @Property(tries = 60)
  void loraTrainsAsOnTheDequantisedWeight(
      @ForAll Store kind,
      @ForAll @IntRange(min = 1, max = 70) int rows,
      @ForAll boolean inPass,
      @ForAll boolean dora,
      @ForAll boolean biased,
      @ForAll long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      WeightStore store = kind.of(torch.randn(OUT, IN));
      Optional<Parameter> bias =
          biased ? Optional.of(Parameter.over(torch.randn(OUT))) : Optional.empty();
      Linear quantized = Linear.sharing(store, bias);
      Linear dense = Linear.sharing(Parameter.over(store.dense().clone()), bias);
      Tensor x = torch.randn(2, rows, IN);

      List<Tensor> expected = trained(dense, x, dora, seed, inPass);
      List<Tensor> found = trained(quantized, x, dora, seed, inPass);
      assertThat(found).hasSize(dora ? 5 : 4);
      for (int i = 0; i < found.size(); i++) {
        TensorAssert.assertThat(found.get(i)).isCloseTo(expected.get(i), TOLERANCE);
      }
    }
  }

  /** Returns the output and the gradients of the input and of all trainable parameters. */
  private static List<Tensor> trained(
      Linear layer, Tensor values, boolean dora, long seed, boolean inPass) {
    Engine.seed(seed);
    LoraModel model = Lora.adapt(new Sequential(layer), dora ? LORA.dora(true) : LORA);
    List<Parameter> parameters = model.parameters("default");
    parameters.forEach(p -> p.copyFrom(torch.randn(p.shape()).abs()));
    Tensor x = values.detach();
    x.set_requires_grad(true);
    try (GradientBuffer view = new GradientBuffer(parameters)) {
      view.enter();
      try {
        Tensor y = inPass ? inPass(model, x) : forwardAndBackward(model, x);
        List<Tensor> results = new ArrayList<>(List.of(y, x.grad()));
        parameters.forEach(p -> results.add(requireNonNull(p.gradient()).clone()));
        return results;
      } finally {
        view.leave();
      }
    }
  }

  private static Tensor inPass(LoraModel model, Tensor x) {
    try (AutogradContext pass = AutogradContext.open()) {
      return forwardAndBackward(model, x);
    }
  }

  private static Tensor forwardAndBackward(LoraModel model, Tensor x) {
    Tensor input = x.mul(Ops.keepScalar(2));
    Tensor y = model.forward(input);
    Ops.backward(y.add(input.sum()), y.detach().sin()); // another use of the input
    return y.detach();
  }

  @Property(tries = 20)
  void loraOfAnEmbeddingTrainsAsOnTheDequantisedTable(
      @ForAll Store kind, @ForAll boolean dora, @ForAll long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      WeightStore store = kind.of(torch.randn(OUT, IN));
      Embedding quantized = Embedding.sharing(store, OptionalLong.empty());
      Embedding dense =
          Embedding.sharing(Parameter.over(store.dense().clone()), OptionalLong.empty());
      Tensor ids = Ops.tensor(new long[] {4, 0, 19, 4, 2, 1}).view(2, 3);
      List<Tensor> expected = trainedTable(dense, ids, dora, seed);
      List<Tensor> found = trainedTable(quantized, ids, dora, seed);
      for (int i = 0; i < found.size(); i++) {
        TensorAssert.assertThat(found.get(i)).isCloseTo(expected.get(i), TOLERANCE);
      }
    }
  }

  private static List<Tensor> trainedTable(Embedding table, Tensor ids, boolean dora, long seed) {
    Engine.seed(seed);
    LoraConfig config = LoraConfig.rank(3).alpha(6).targets(Targets.named("0")).dora(dora);
    LoraModel model = Lora.adapt(new Sequential(table), config);
    List<Parameter> parameters = model.parameters("default");
    parameters.forEach(p -> p.copyFrom(torch.randn(p.shape()).abs()));
    Tensor y = model.forward(ids);
    y.square().sum().backward();
    List<Tensor> results = new ArrayList<>(List.of(y.detach()));
    parameters.forEach(p -> results.add(requireNonNull(p.gradient())));
    return results;
  }

  @Test
  void itServesSingleRowsAndLookups() {
    Int8Weights store = Int8Weights.quantize(torch.randn(OUT, IN));
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor x = torch.randn(1, IN);
      TensorAssert.assertThat(Linear.sharing(store, Optional.empty()).forward(x))
          .isCloseTo(x.matmul(store.dense().t()), TOLERANCE);
      Tensor ids = Ops.tensor(new long[] {4, 0, 19, 4, 2, 1}).view(2, 3);
      TensorAssert.assertThat(Embedding.sharing(store, OptionalLong.empty()).forward(ids))
          .isExactly(torch.embedding(store.dense(), ids));
    }
  }

  @Test
  void stateDictHoldsTheQuantisedWeightAndLoadsAgain() {
    Linear layer = int8();
    Map<String, Tensor> state = layer.stateDict();
    assertThat(state.keySet()).containsExactly("weight", "SCB");

    Linear other = Linear.sharing(Int8Weights.quantize(torch.zeros(OUT, IN)), Optional.empty());
    other.loadStateDict(state);
    TensorAssert.assertThat(other.store().dense()).isExactly(layer.store().dense());
    assertThat(layer.trainableParameters()).isEmpty();
  }

  @Test
  void fingerprintIsThatOfTheQuantisedWeight() {
    Linear layer = int8();
    BaseFingerprint once = Lora.adapt(new Sequential(layer), LORA).fingerprint();
    assertThat(once.tensors()).containsOnlyKeys("0.weight");
    requireNonNull(layer.store().parameters().get("SCB")).value().select(0, 0).add_(Ops.ONE);
    assertThat(Lora.adapt(new Sequential(layer), LORA).fingerprint()).isNotEqualTo(once);
  }

  @Test
  void mergeIsRefusedAndChangesNothing() {
    Linear dense = new Linear(IN, IN);
    Linear int8 = Linear.sharing(Int8Weights.quantize(torch.randn(OUT, IN)), Optional.empty());
    LoraModel model = Lora.adapt(new Sequential(dense, int8), LORA);
    model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
    Tensor before = dense.weight().value().clone();
    assertThatThrownBy(model::merge)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'1': a weight in int8 can't be trained")
        .hasMessageContaining("DenseWeights");
    TensorAssert.assertThat(dense.weight().value()).isExactly(before);
    assertThat(model.isMerged()).isFalse();
  }

  @Test
  void denseCopyCanBeMergedInto() {
    Module net = new Sequential(int8());
    net.replace("0", ((Linear) net.find("0")).copy());
    LoraModel model = Lora.adapt(net, LORA);
    model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
    Tensor x = torch.randn(3, IN);
    Tensor expected = model.forward(x).detach();
    model.merge();
    TensorAssert.assertThat(model.forward(x).detach()).isCloseTo(expected, 1e-5);
  }

  @Test
  void trainingItIsRefused() {
    Linear layer = int8();
    assertThatThrownBy(layer::weight).isInstanceOf(UserError.class).hasMessageContaining("trained");
    Parameter quantized = requireNonNull(layer.store().parameters().get("weight"));
    assertThatThrownBy(() -> quantized.trainable(true)).isInstanceOf(UserError.class);
  }

  private static Linear int8() {
    return Linear.sharing(Int8Weights.quantize(Init.kaimingUniform(OUT, IN)), Optional.empty());
  }
}
