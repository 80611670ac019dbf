package dev.lora4j;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.torch.TorchFile;
import dev.lora4j.lora.AdapterSummary;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Whatever happens to a file, a reader reads it or says what is wrong with it: no other exception,
 * and no more memory than the file's size accounts for. More tries than usual: {@code
 * -Djqwik.tries.default=100000}.
 */
class DamagedFilesTest {
  private static final long ALLOWED_AT_LEAST = 4 << 20; // buffers, messages, stack traces
  private static final long ALLOWED_PER_BYTE = 256; // objects for what takes a byte in the file
  private static final long ALLOWED_IN_TENSORS = 8; // F32 for formats of four bits and a scale

  @SuppressWarnings("NullAway.Init")
  private static Path directory;

  @BeforeContainer
  static void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("damaged");
    try (PointerScope scope = new PointerScope();
        TensorFile warm = SafetensorsFile.open(Fixture.path("gguf/adapter.safetensors"))) {
      warm.names().forEach(warm::read);
    }
  }

  @AfterTry
  void removeFiles() throws IOException {
    for (String name :
        new String[] {"file", "adapter_config.json", "adapters.safetensors", "adapter_model.bin"}) {
      Files.deleteIfExists(directory.resolve(name));
    }
  }

  @AfterContainer
  static void removeDirectory() throws IOException {
    Files.delete(directory);
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
    byte[] config =
        """
        {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"],
         "lora_dropout": 0.05, "bias": "none", "use_rslora": false, "rank_pattern": {"q": 4},
         "alpha_pattern": {}, "layers_to_transform": [1, 2], "modules_to_save": null,
         "init_lora_weights": true, "trainable_token_indices": {"embed": [1]}, "x": {"y": [1e3]}}
        """
            .getBytes(UTF_8);
    Files.write(directory.resolve("adapter_model.bin"), new byte[0]);
    summary(config, seed);
  }

  @Property
  void mlxConfigs(@ForAll long seed) throws IOException {
    Files.copy(
        Fixture.path("mlx/lora/adapters.safetensors"), directory.resolve("adapters.safetensors"));
    summary(Files.readAllBytes(Fixture.path("mlx/lora/adapter_config.json")), seed);
  }

  private static void summary(byte[] config, long seed) throws IOException {
    byte[] damaged = new Mutation(seed).of(config);
    Files.write(directory.resolve("adapter_config.json"), damaged);
    long before = allocated();
    try {
      assertThat(AdapterSummary.read(directory).targets()).isNotNull();
    } catch (CorruptFile | UserError told) {
      assertThat(told.getMessage()).contains(directory.toString());
    }
    assertThat(allocated() - before).isLessThan(allowed(damaged.length));
  }

  private static void tensors(Function<Path, TensorFile> opener, String fixture, long seed)
      throws IOException {
    byte[] damaged = new Mutation(seed).of(Files.readAllBytes(Fixture.path(fixture)));
    Path path = Files.write(directory.resolve("file"), damaged);
    long before = allocated();
    try (PointerScope scope = new PointerScope();
        TensorFile file = opener.apply(path)) {
      for (String name : file.names()) {
        try (Tensor tensor = file.read(name)) {
          assertThat(tensor.nbytes()).isLessThanOrEqualTo(ALLOWED_IN_TENSORS * damaged.length);
        }
      }
    } catch (CorruptFile | UserError told) {
      assertThat(told.getMessage()).startsWith(path + ": ");
    }
    assertThat(allocated() - before).isLessThan(allowed(damaged.length));
  }

  private static long allowed(long fileBytes) {
    return ALLOWED_AT_LEAST + ALLOWED_PER_BYTE * fileBytes;
  }

  /** Bytes of the heap that this thread has asked for so far. */
  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
