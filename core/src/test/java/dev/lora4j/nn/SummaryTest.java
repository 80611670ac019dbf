package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
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
