package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.quant.FourBitType;
import dev.lora4j.nn.quant.FourBitWeights;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class SummaryTest {

  @Test
  void listsEveryParameterAndItsState() {
    try (Mlp net = new Mlp()) {
      net.find("fc1").freeze();

      assertThat(Summary.of(net))
          .hasToString(
              """
              Layers:
              - fc1.weight of size torch.Size([8, 6]) -> untrainable
              - fc1.bias of size torch.Size([8]) -> untrainable
              - block.fc2.weight of size torch.Size([8, 8]) -> trainable
              - head.weight of size torch.Size([3, 8]) -> trainable
              - head.bias of size torch.Size([3]) -> trainable
              Trainable parameters: 91
              Untrainable parameters: 56
              Total parameters: 147
              Percent trainable: 61.904761904761905%
              Size of trainable parameters: 0.00 mb""");
    }
  }

  @Test
  void quantisedWeightsCountNotTheBytesThatHoldThem() {
    try (PointerScope scope = new PointerScope();
        Mlp net = new Mlp()) {
      Linear dense = (Linear) net.find("fc1");
      Tensor values = dense.store().dense().detach();
      net.replace(
          "fc1",
          Linear.sharing(
              FourBitWeights.quantize(values, FourBitType.NF4, 64, false), dense.bias()));
      net.freeze();
      LoraModel adapted = Lora.adapt(net, LoraConfig.rank(2).targets(Targets.named("fc1")));

      Summary summary = Summary.of(adapted.base());

      assertThat(summary.trainable()).isEqualTo(2 * (6 + 8));
      assertThat(summary.untrainable()).isEqualTo(147);
    }
  }

  @Test
  void networkWithoutParametersIsZeroPercentTrainable() {
    Summary summary = Summary.of(Activation.relu());

    assertThat(summary.total()).isZero();
    assertThat(summary.percentTrainable()).isZero();
    assertThat(summary)
        .hasToString(
            """
        Layers:
        Trainable parameters: 0
        Untrainable parameters: 0
        Total parameters: 0
        Percent trainable: 0.0%
        Size of trainable parameters: 0.00 mb""");
  }
}
