package dev.lora4j.examples.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptTest {
  private static final Path NET = Path.of("net.pt");

  @Test
  void theMergedFileHasASmallerError(@TempDir Path directory) {
    Path merged = directory.resolve("merged.pt");
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(1);
      Tensor x = torch.randn(128, 4);
      Tensor y = x.matmul(torch.ones(4)); // [128]
      Adapt.adapt(NET, TensorDataset.ofNumbers(x, y), directory.resolve("adapter"), merged);

      assertThat(error(merged, x, y)).isLessThan(0.5 * error(NET, x, y));
    }
    assertThat(directory.resolve("adapter/adapter_model.safetensors")).isNotEmptyFile();
  }

  private static double error(Path file, Tensor x, Tensor y) {
    try (TorchScriptModel model = TorchScriptModel.load(file)) {
      return model.forward(x).flatten().sub(y).square().mean().item_double();
    }
  }
}
