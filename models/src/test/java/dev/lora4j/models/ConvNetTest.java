package dev.lora4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Summary;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The network against PyTorch's; the numbers are tools/convnet_fixtures.py's. */
class ConvNetTest {
  private static final double TOLERANCE = 1e-5;

  private final PointerScope scope = new PointerScope();
  private final ConvNet net = new ConvNet();

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  @Test
  void logitsLossAndGradientsArePyTorchs() {
    Fixture batch = Fixture.read("convnet/batch.safetensors");
    Fixture expected = Fixture.read("convnet/base_expected.safetensors");
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));

    Tensor logits = net.forward(batch.tensor("input"));
    Tensor loss = Ops.crossEntropySum(logits, batch.tensor("labels")).div(new Scalar(8));
    loss.backward();

    expected.check("logits", logits, TOLERANCE);
    expected.check("loss", loss.reshape(1), TOLERANCE);
    Map<String, Tensor> gradients = expected.tensors("grad.");
    assertThat(gradients).hasSize(10);
    net.namedParameters()
        .forEach(
            (path, parameter) -> {
              if (path.startsWith("conv3")) {
                assertThat(parameter.value().grad().defined()).as(path).isFalse();
              } else {
                expected.check("grad." + path, parameter.value().grad(), TOLERANCE);
              }
            });
  }

  /** The numbers of {@code torch.manual_seed(0); ConvNet()}, see tools/init_fixtures.py. */
  @Test
  void aSeedGivesPyTorchsNetwork() {
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
  void theListingIsThatOfTheWriteUp() {
    assertThat(Summary.of(net))
        .hasToString(
            """
            Layers:
            - conv1.weight of size torch.Size([6, 3, 5, 5]) -> trainable
            - conv1.bias of size torch.Size([6]) -> trainable
            - conv2.weight of size torch.Size([16, 6, 5, 5]) -> trainable
            - conv2.bias of size torch.Size([16]) -> trainable
            - conv3.weight of size torch.Size([32, 16, 5, 5]) -> trainable
            - conv3.bias of size torch.Size([32]) -> trainable
            - fc1.weight of size torch.Size([120, 400]) -> trainable
            - fc1.bias of size torch.Size([120]) -> trainable
            - fc2.weight of size torch.Size([84, 120]) -> trainable
            - fc2.bias of size torch.Size([84]) -> trainable
            - fc3.weight of size torch.Size([10, 84]) -> trainable
            - fc3.bias of size torch.Size([10]) -> trainable
            Trainable parameters: 74838
            Untrainable parameters: 0
            Total parameters: 74838
            Percent trainable: 100.0%
            Size of trainable parameters: 0.30 mb""");
  }

  @Test
  void thereAreAsManyLogitsAsClasses() {
    TensorAssert.assertThat(net.forward(torch.zeros(3, 3, 32, 32))).hasShape(3, 10);
    try (ConvNet two = new ConvNet(2)) {
      TensorAssert.assertThat(two.forward(torch.zeros(3, 3, 32, 32))).hasShape(3, 2);
    }
  }
}
