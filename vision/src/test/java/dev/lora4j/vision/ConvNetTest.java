package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.nn.runtime.Engine;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConvNetTest {
  private final PointerScope scope = new PointerScope();
  private final ConvNet net = new ConvNet();

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  /**
   * Initial weights of {@code torch.manual_seed(0); ConvNet()}; fixtures by tools/init_fixtures.py.
   */
  @Test
  void seedGivesPyTorchsInitialWeights() {
    Fixture expected = Fixture.read("init/convnet.safetensors");
    Engine.seed(0);

    try (ConvNet drawn = new ConvNet()) {
      assertThat(drawn.namedParameters().keySet()).isEqualTo(expected.tensors("state.").keySet());
      drawn
          .stateDict()
          .forEach((path, value) -> expected.check("state." + path, firstEight(value), 1e-6));
    }
  }

  private static Tensor firstEight(Tensor value) {
    return value
        .detach()
        .flatten()
        .slice(0, new LongOptional(0), new LongOptional(Math.min(8, value.numel())), 1);
  }

  @Test
  void logitsHaveOneColumnPerClass() {
    TensorAssert.assertThat(net.forward(torch.zeros(3, 3, 32, 32))).hasShape(3, 10);
    try (ConvNet two = new ConvNet(2)) {
      TensorAssert.assertThat(two.forward(torch.zeros(3, 3, 32, 32))).hasShape(3, 2);
    }
  }
}
