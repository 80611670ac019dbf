package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One and two steps computed by hand; the models' tests compare twenty with PyTorch. */
class OptimizerTest {

  /** v = 2, p = 1 − 0.5 · 2 = 0; then v = 0.5 · 2 + 1 = 2, p = 0 − 0.5 · 2 = −1. */
  @Test
  void sgdAccumulatesVelocity() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Sgd sgd = new Sgd(0.5, 0.5)) {
      Tensor parameters = Ops.tensor(new float[] {1}, 1);

      sgd.step(parameters, Ops.tensor(new float[] {2}, 1));
      TensorAssert.assertThat(parameters).hasExactly(0);
      sgd.step(parameters, Ops.tensor(new float[] {1}, 1));
      TensorAssert.assertThat(parameters).hasExactly(-1);
    }
  }

  /** The first step has the length of the learning rate, for any gradient; decay comes first. */
  @Test
  void firstAdamWStepIsTheSignOfTheGradient() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdamW adamW = new AdamW(new AdamW.Settings(0.1, 0.9, 0.999, 1e-8, 0.5))) {
      Tensor parameters = Ops.tensor(new float[] {1, 1, 1}, 3);

      adamW.step(parameters, Ops.tensor(new float[] {300, -0.01f, 0}, 3));

      float[] values = Ops.floats(parameters);
      assertThat(values[0]).isCloseTo(0.95f - 0.1f, within(1e-6f));
      assertThat(values[1]).isCloseTo(0.95f + 0.1f, within(1e-6f));
      assertThat(values[2]).isCloseTo(0.95f, within(1e-6f));
    }
  }

  @Test
  void adamWHasPyTorchsDefaults() {
    assertThat(AdamW.Settings.of(3e-4)).isEqualTo(new AdamW.Settings(3e-4, 0.9, 0.999, 1e-8, 0.01));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1e-9, Double.NaN, Double.POSITIVE_INFINITY})
  void invalidHyperparametersAreRefused(double rate) {
    String end = " must be at least 0 and finite, found " + rate;
    assertThatThrownBy(() -> new Sgd(rate, 0.9))
        .isInstanceOf(UserError.class)
        .hasMessage("learning rate" + end);
    assertThatThrownBy(() -> new AdamW(rate)).hasMessage("learning rate" + end);
    assertThatThrownBy(() -> new AdamW.Settings(1, 0, 0, rate, 0)).hasMessage("epsilon" + end);
    assertThatThrownBy(() -> new AdamW.Settings(1, 0, 0, 1, rate)).hasMessage("weight decay" + end);
  }

  @Test
  void decayRatesBelowZeroOrFromOneOnAreRefused() {
    assertThatThrownBy(() -> new Sgd(1, 1))
        .isInstanceOf(UserError.class)
        .hasMessage("momentum must be in [0, 1), found 1.0");
    assertThatThrownBy(() -> new AdamW.Settings(1, 0.9, 1, 1, 0))
        .isInstanceOf(UserError.class)
        .hasMessage("betas must be in [0, 1), found 0.9 and 1.0");
  }

  @Test
  void optimizerWithoutAStepCanBeClosed() {
    new Sgd(1, 0.9).close();
    new AdamW(1).close();
  }

  private static Stream<Supplier<Optimizer>> optimizers() {
    return Stream.of(
        () -> new Sgd(0.1, 0.9), () -> new AdamW(AdamW.Settings.of(0.1)), OptimizerTest::grouped);
  }

  private static Optimizer grouped() {
    Parameter a = new Linear(2, 1).weight();
    Parameter b = new Linear(2, 1).weight();
    Map<Parameter, Double> rates = new LinkedHashMap<>(); // groups are numbered in this order
    rates.put(a, 0.1);
    rates.put(b, 0.2);
    GroupedOptimizer grouped = GroupedOptimizer.of(rates, rate -> new AdamW(rate.doubleValue()));
    grouped.arrange(List.of(a, b));
    return grouped;
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void restoredOptimizerContinuesTheRun(Supplier<Optimizer> made) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Optimizer first = made.get();
        Optimizer second = made.get()) {
      second.restore(first.state()); // no state before the first step
      Tensor parameters = torch.randn(4);
      first.step(parameters, torch.randn(4));
      first.step(parameters, torch.randn(4));
      second.restore(first.state());

      Tensor copy = parameters.clone();
      Tensor gradient = torch.randn(4);
      first.scaleRates(0.25);
      second.scaleRates(0.25);
      first.step(parameters, gradient.clone());
      second.step(copy, gradient.clone());
      TensorAssert.assertThat(copy).isExactly(parameters);
    }
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void stateOfAnotherOptimizerIsRefused(Supplier<Optimizer> made) {
    try (PointerScope scope = new PointerScope();
        Optimizer optimizer = made.get()) {
      assertThatThrownBy(() -> optimizer.restore(Map.of("momentum", torch.ones(4))))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("found [momentum]");
    }
  }

  @Test
  void factorScalesTheRateUntilTheNextOne() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Sgd sgd = new Sgd(1, 0)) {
      Tensor parameters = Ops.tensor(new float[] {1}, 1);
      sgd.scaleRates(0.5);
      sgd.step(parameters, Ops.tensor(new float[] {1}, 1));
      TensorAssert.assertThat(parameters).hasExactly(0.5f);
      sgd.scaleRates(0);
      sgd.step(parameters, Ops.tensor(new float[] {1}, 1));
      TensorAssert.assertThat(parameters).hasExactly(0.5f);
    }
  }
}
