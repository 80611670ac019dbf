package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Summary;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.junit.jupiter.api.Test;

/** The parameter listing, compared character by character. */
class ConvNetListingTest {
  private static final String BEFORE =
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
      Size of trainable parameters: 0.30 mb""";

  private static final String AFTER =
      """
      Layers:
      - conv1.weight of size torch.Size([6, 3, 5, 5]) -> untrainable
      - conv1.bias of size torch.Size([6]) -> untrainable
      - conv2.weight of size torch.Size([16, 6, 5, 5]) -> untrainable
      - conv2.bias of size torch.Size([16]) -> untrainable
      - conv3.weight of size torch.Size([32, 16, 5, 5]) -> untrainable
      - conv3.bias of size torch.Size([32]) -> untrainable
      - fc1.pretrained.weight of size torch.Size([120, 400]) -> untrainable
      - fc1.pretrained.bias of size torch.Size([120]) -> untrainable
      - fc1.A.weight of size torch.Size([4, 400]) -> trainable
      - fc1.B.weight of size torch.Size([120, 4]) -> trainable
      - fc2.pretrained.weight of size torch.Size([84, 120]) -> untrainable
      - fc2.pretrained.bias of size torch.Size([84]) -> untrainable
      - fc2.A.weight of size torch.Size([4, 120]) -> trainable
      - fc2.B.weight of size torch.Size([84, 4]) -> trainable
      - fc3.pretrained.weight of size torch.Size([10, 84]) -> untrainable
      - fc3.pretrained.bias of size torch.Size([10]) -> untrainable
      - fc3.A.weight of size torch.Size([4, 84]) -> trainable
      - fc3.B.weight of size torch.Size([10, 4]) -> trainable
      Trainable parameters: 3272
      Untrainable parameters: 74838
      Total parameters: 78110
      Percent trainable: 4.188964281141979%
      Size of trainable parameters: 0.01 mb""";

  @Test
  void listingEqualsTheReferenceBeforeAndAfterAdapting() {
    try (ConvNet net = new ConvNet();
        PointerScope scope = new PointerScope()) {
      assertThat(Summary.of(net)).hasToString(BEFORE);
      List<String> report = new ArrayList<>();

      Lora.adapt(net, 4, 4, new Device("cpu"), report::add);

      assertThat(Summary.of(net)).hasToString(AFTER);
      assertThat(report)
          .containsExactly(
              "Replaced fc1 with LoRALinear layer.",
              "Replaced fc2 with LoRALinear layer.",
              "Replaced fc3 with LoRALinear layer.");
    }
  }

  @Test
  void adaptingTwiceChangesNothing() {
    try (ConvNet net = new ConvNet()) {
      Lora.adapt(net, LoraConfig.rank(4));
      List<String> report = new ArrayList<>();

      Lora.adapt(net, LoraConfig.rank(8), report::add);

      assertThat(report).containsExactly("Model already contains LoRALinear layers.");
      assertThat(Summary.of(net)).hasToString(AFTER);
    }
  }
}
