package dev.lora4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.io.TensorMemory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class TensorDatasetTest {

  @Test
  void gatherKeepsIndexOrderAndOutlivesTheInputsScope() {
    TensorDataset dataset;
    try (PointerScope scope = new PointerScope()) {
      Tensor inputs = torch.eye(3);
      dataset = TensorDataset.of(inputs, TensorMemory.copyOf(5, 6, 7));
    }
    try (dataset;
        PointerScope scope = new PointerScope()) {
      Batch batch = dataset.gather(TensorMemory.copyOf(2, 0, 2));

      assertThat(dataset.size()).isEqualTo(3);
      assertThat(TensorMemory.longs(batch.targets())).containsExactly(7, 5, 7);
      assertThat(batch.inputs().select(0, 1).equal(torch.eye(3).select(0, 0))).isTrue();
    }
  }

  @Test
  void mismatchedInputsAndLabelsAreRefused() {
    try (PointerScope scope = new PointerScope()) {
      assertThatThrownBy(() -> TensorDataset.of(torch.zeros(3, 2), TensorMemory.copyOf(1, 2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("expected inputs [n, …] and int64 labels [n], found [3, 2] and Long [2]");
      assertThatThrownBy(() -> TensorDataset.of(torch.zeros(3), torch.zeros(3)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Float [3]");
      assertThatThrownBy(
              () -> TensorDataset.ofNumbers(torch.zeros(3), TensorMemory.copyOf(1, 2, 3)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("float targets [n]", "Long [3]");
    }
  }
}
