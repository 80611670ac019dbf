package dev.lora4j.lora.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraLinearTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  /**
   * W = (1 2; 3 4), b = (10, 20), A = (1 0; 0 1), B = (1 0; 0 2), alpha / r = 4 / 2: the delta is
   * ΔW = 2 B A = (2 0; 0 4). For x = (1, 1): W x + b = (13, 27), ΔW x = (2, 4).
   */
  @Test
  void handSetValuesGiveTheExpectedOutput() {
    Tensor x = matrix(1, 2, 1, 1);
    TensorAssert.assertThat(byHand().forward(x)).hasExactly(15, 31);

    LoraModel model = Lora.adapt(new Sequential(linear()), LoraConfig.rank(2).alpha(4));
    LoraLinear layer = (LoraLinear) model.base().find("0");
    setFactors(layer);
    TensorAssert.assertThat(model.forward(x)).hasExactly(15, 31);

    model.merge();
    TensorAssert.assertThat(layer.pretrained().weight().value()).hasExactly(3, 2, 3, 8);
    TensorAssert.assertThat(model.forward(x)).hasExactly(15, 31);

    model.unmerge();
    TensorAssert.assertThat(layer.pretrained().weight().value()).hasExactly(1, 2, 3, 4);
    TensorAssert.assertThat(model.forward(x)).hasExactly(15, 31);
  }

  /** With the loss y₁ + y₂: dB = scaling · 1 (A x)ᵀ, dA = scaling · Bᵀ 1 xᵀ, for x = (1, 3). */
  @Test
  void handSetValuesGiveTheExpectedGradients() {
    LoraLinear layer = byHand();

    layer.forward(matrix(1, 2, 1, 3)).sum().backward();

    TensorAssert.assertThat(child(layer, "A").weight().value().grad()).hasExactly(2, 6, 4, 12);
    TensorAssert.assertThat(child(layer, "B").weight().value().grad()).hasExactly(2, 6, 2, 6);
    assertThat(layer.pretrained().weight().value().grad().defined()).isFalse();
  }

  private static LoraLinear byHand() {
    LoraLinear layer = new LoraLinear(linear(), 2, 4);
    setFactors(layer);
    return layer;
  }

  private static Linear linear() {
    Linear linear = new Linear(2, 2);
    linear.loadStateDict(Map.of("weight", matrix(2, 2, 1, 2, 3, 4), "bias", vector(10, 20)));
    return linear;
  }

  private static void setFactors(LoraLinear layer) {
    child(layer, "A").weight().copyFrom(matrix(2, 2, 1, 0, 0, 1));
    child(layer, "B").weight().copyFrom(matrix(2, 2, 1, 0, 0, 2));
  }

  private static Linear child(LoraLinear layer, String name) {
    return (Linear) layer.find(name);
  }

  private static Tensor matrix(long rows, long columns, float... values) {
    return Ops.tensor(values, rows, columns);
  }

  private static Tensor vector(float... values) {
    return Ops.tensor(values, values.length);
  }

  @Test
  void parameterNamesAreStable() {
    LoraLinear layer = new LoraLinear(new Linear(5, 7));

    assertThat(layer.namedParameters().keySet())
        .containsExactly("pretrained.weight", "pretrained.bias", "A.weight", "B.weight");
    assertThat(layer.find("A").namedParameters().values())
        .allSatisfy(a -> assertThat(a.shape()).containsExactly(4, 5));
    assertThat(layer.find("B").namedParameters().values())
        .allSatisfy(b -> assertThat(b.shape()).containsExactly(7, 4));
    assertThat(layer.adapterNames()).containsExactly("default");
    assertThat(layer.deltaIsZero()).isTrue();
  }

  @Test
  void onlyTheLowRankMatricesAreTrained() {
    LoraLinear layer = new LoraLinear(new Linear(5, 7));

    assertThat(layer.trainableParameters())
        .containsExactly(child(layer, "A").weight(), child(layer, "B").weight());
  }

  @Test
  void originalLayerIsNotChanged() {
    Linear linear = new Linear(5, 7);

    LoraLinear layer = new LoraLinear(linear);

    assertThat(layer.pretrained()).isNotSameAs(linear);
    TensorAssert.assertSameState(layer.pretrained().stateDict(), linear.stateDict());
    assertThat(linear.trainableParameters()).hasSize(2);
  }

  @Test
  void layerWithoutABiasIsAdapted() {
    Linear linear = Linear.withoutBias(5, 7);
    LoraLinear layer = new LoraLinear(linear, 2, 2);
    Tensor x = torch.randn(3, 5);

    TensorAssert.assertThat(layer.forward(x)).isExactly(linear.forward(x));
    assertThat(layer.namedParameters().keySet())
        .containsExactly("pretrained.weight", "A.weight", "B.weight");
  }

  @Test
  void inputsOfAnyDimensionAreAccepted() {
    LoraLinear layer = new LoraLinear(new Linear(5, 7), 2, 2);
    child(layer, "B").weight().copyFrom(torch.randn(7, 2));
    Tensor rows = torch.randn(6, 5);
    Tensor expected = layer.forward(rows);

    TensorAssert.assertThat(layer.forward(rows.view(2, 3, 5))).isExactly(expected.view(2, 3, 7));
    TensorAssert.assertThat(layer.forward(rows.view(3, 2, 5).transpose(0, 1)))
        .isCloseTo(expected.view(3, 2, 7).transpose(0, 1), 1e-6);
    TensorAssert.assertThat(layer.forward(rows.select(0, 4)))
        .isCloseTo(expected.select(0, 4), 1e-6);
    TensorAssert.assertThat(layer.forward(torch.zeros(0, 3, 5))).hasShape(0, 3, 7);
  }

  @Test
  void inputIsNotChanged() {
    LoraLinear layer = byHand();
    Tensor x = matrix(1, 2, 1, 1);

    layer.forward(x);

    TensorAssert.assertThat(x).hasExactly(1, 1);
  }

  @Test
  void onlyALinearLayerIsAdapted() {
    refused(Activation.relu(), "LoraLinear adapts a Linear, found Activation");
    refused(new Conv2d(1, 1, 1), "LoraLinear adapts a Linear, found Conv2d");
    refused(new LoraLinear(new Linear(2, 2)), "LoraLinear adapts a Linear, found LoraLinear");
  }

  private static void refused(Module module, String message) {
    assertThatThrownBy(() -> new LoraLinear(module))
        .isInstanceOf(UserError.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void rankBelowOneIsRefused(int rank) {
    Linear linear = new Linear(2, 2);

    assertThatThrownBy(() -> new LoraLinear(linear, rank, 4))
        .isInstanceOf(UserError.class)
        .hasMessage("rank must be at least 1, found " + rank);
  }

  @Test
  void closingFreesEveryMatrix() {
    LoraLinear layer = new LoraLinear(new Linear(2, 2));
    layer.close();

    assertThat(layer.namedParameters().values()).allMatch(p -> p.value().isNull());
  }
}
