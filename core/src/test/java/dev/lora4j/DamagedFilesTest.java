package dev.lora4j;

import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.torch.TorchFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterProperty;

/**
 * Reads randomly damaged files, see {@link ReaderCheck}. For more tries: {@code
 * -Djqwik.tries.default=100000}.
 */
class DamagedFilesTest {
  private final ReaderCheck readers = new ReaderCheck();

  @AfterProperty
  void removeFiles() {
    readers.close();
  }

  @Property
  void safetensors(@ForAll long seed) throws IOException {
    tensors(SafetensorsFile::open, "mlx/lora/adapters.safetensors", seed);
  }

  @Property
  void gguf(@ForAll long seed) throws IOException {
    tensors(GgufFile::open, "gguf/tensors.gguf", seed);
  }

  @Property
  void ggufAdapters(@ForAll long seed) throws IOException {
    tensors(GgufFile::open, "gguf/adapter.gguf", seed);
  }

  @Property
  void torchArchives(@ForAll long seed) throws IOException {
    tensors(TorchFile::open, "torch/protocol_4.bin", seed);
  }

  @Property
  void torchStateDicts(@ForAll long seed) throws IOException {
    tensors(TorchFile::open, "torch/state_dict.bin", seed);
  }

  @Property
  void peftConfigs(@ForAll long seed) throws IOException {
    readers.config(
        damaged("configs/peft.json", seed),
        Fixture.path("torch/adapter_model.bin"),
        "adapter_model.bin");
  }

  @Property
  void mlxConfigs(@ForAll long seed) throws IOException {
    readers.config(
        damaged("mlx/lora/adapter_config.json", seed),
        Fixture.path("mlx/lora/adapters.safetensors"),
        "adapters.safetensors");
  }

  private void tensors(Function<Path, TensorFile> opener, String fixture, long seed)
      throws IOException {
    readers.tensors(opener, damaged(fixture, seed));
  }

  private static byte[] damaged(String fixture, long seed) throws IOException {
    return new Mutation(seed).of(Files.readAllBytes(Fixture.path(fixture)));
  }
}
