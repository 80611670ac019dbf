package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class GradientBufferTest {
  private final Mlp net = new Mlp();

  @Test
  void gradientsAreSlicesInParameterOrderAndParametersHaveNone() {
    try (PointerScope scope = new PointerScope();
        GradientBuffer view = new GradientBuffer(net.trainableParameters())) {
      Tensor input = torch.randn(2, Mlp.IN);
      net.forward(input).sum().backward();
      Tensor[] expected =
          net.trainableParameters().stream()
              .map(parameter -> parameter.value().grad().flatten())
              .toArray(Tensor[]::new);
      net.trainableParameters().forEach(parameter -> parameter.value().mutable_grad().reset());

      view.enter();
      net.forward(input).sum().backward();
      view.leave();

      TensorAssert.assertThat(view.gradient()).isExactly(torch.cat(new TensorVector(expected)));
      assertThat(net.trainableParameters())
          .noneMatch(parameter -> parameter.value().grad().defined());
    }
  }

  @Test
  void twoViewsShareValuesButNotGradients() throws InterruptedException {
    Parameter bias = net.parameterAt("head.bias");
    try (GradientBuffer one = new GradientBuffer(List.of(bias));
        GradientBuffer other = new GradientBuffer(List.of(bias))) {
      backward(one, 1);
      Thread thread = new Thread(() -> backward(other, 5));
      thread.start();
      thread.join();

      TensorAssert.assertThat(one.gradient()).hasExactly(1, 1, 1);
      TensorAssert.assertThat(other.gradient()).hasExactly(5, 5, 5);
    }
  }

  private void backward(GradientBuffer view, long examples) {
    try (PointerScope scope = new PointerScope()) {
      view.enter();
      net.forward(torch.zeros(examples, Mlp.IN)).sum().backward();
    } finally {
      view.leave();
    }
  }

  @Test
  void onlyParametersInTheGraphHaveAGradientEvenIfZero() {
    try (PointerScope scope = new PointerScope();
        GradientBuffer view = new GradientBuffer(net.trainableParameters())) {
      view.enter();
      Module head = net.find("head");
      head.forward(torch.zeros(1, 8)).sum().backward();
      view.gradient().zero_();
      view.leave();

      assertThat(net.trainableParameters())
          .filteredOn(view::hasGradient)
          .containsExactly(net.parameterAt("head.weight"), net.parameterAt("head.bias"));
    }
  }

  @Test
  void viewSeesChangesOfTheParameter() {
    Parameter bias = net.parameterAt("head.bias");
    try (PointerScope scope = new PointerScope();
        GradientBuffer view = new GradientBuffer(List.of(bias))) {
      bias.copyFrom(Ops.tensor(new float[] {7, 8, 9}, 3));

      view.enter();
      TensorAssert.assertThat(bias.tensor()).hasExactly(7, 8, 9);
      view.leave();
      assertThat(bias.tensor()).isSameAs(bias.value());
    }
  }

  @Test
  void parameterOutsideOfTheViewIsSeenDirectly() {
    Parameter weight = net.parameterAt("head.weight");
    try (GradientBuffer view = new GradientBuffer(List.of())) {
      view.enter();
      assertThat(weight.tensor()).isSameAs(weight.value());
      view.leave();
    }
  }
}
