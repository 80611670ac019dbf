package dev.lora4j;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.torch.TorchFile;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;

/**
 * Reads files that Jazzer generates, see {@link ReaderCheck}. A build reads only the files in
 * {@code ReadersFuzzTestInputs}; {@code tools/fuzz} searches for more, guided by code coverage.
 */
class ReadersFuzzTest {
  private static final ReaderCheck READERS = new ReaderCheck();

  @AfterAll
  static void removeFiles() {
    READERS.close();
  }

  @FuzzTest(maxDuration = "1h")
  void safetensors(byte[] file) throws IOException {
    READERS.tensors(SafetensorsFile::open, file);
  }

  @FuzzTest(maxDuration = "1h")
  void gguf(byte[] file) throws IOException {
    READERS.tensors(GgufFile::open, file);
  }

  @FuzzTest(maxDuration = "1h")
  void torch(byte[] file) throws IOException {
    READERS.tensors(TorchFile::open, file);
  }

  @FuzzTest(maxDuration = "1h")
  void config(byte[] file) throws IOException {
    READERS.config(file, Fixture.path("mlx/lora/adapters.safetensors"), "adapters.safetensors");
  }
}
