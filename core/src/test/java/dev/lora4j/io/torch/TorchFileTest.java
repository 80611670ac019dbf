package dev.lora4j.io.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files are from {@code tools/torch_fixtures.py}. */
class TorchFileTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void everyDtypeAndViewIsReadBitForBit() {
    Fixture expected = Fixture.read("torch/expected.safetensors");
    try (TorchFile file = open("tensors.bin")) {
      assertThat(file.names()).hasSize(19).contains("transposed", "parameter", "empty");
      for (String name : file.names()) {
        Tensor tensor = file.read(name);
        assertThat(tensor.is_contiguous()).as(name).isTrue();
        assertThat(DType.of(tensor.scalar_type())).as(name).contains(file.dtype(name));
        assertThat(tensor.shape())
            .as(name)
            .containsExactly(file.shape(name).stream().mapToLong(Long::longValue).toArray());
        assertThat(tensor.scalar_type().intern())
            .as(name)
            .isEqualTo(expected.tensor(name).scalar_type().intern());
        TensorAssert.assertThat(tensor).as(name).isExactly(expected.tensor(name));
      }
    }
  }

  @Test
  void contiguousTensorIsMapped() {
    Fixture expected = Fixture.read("torch/expected.safetensors");
    long bytes = Fixture.path("torch/tensors.bin").toFile().length();
    Set<String> mapped = new TreeSet<>();
    try (TorchFile file = open("tensors.bin")) {
      for (String name : file.names()) {
        Optional<Tensor> tensor = file.map(name);
        if (tensor.isPresent()) {
          mapped.add(name);
          TensorAssert.assertThat(tensor.get()).as(name).isExactly(expected.tensor(name));
          assertThat(tensor.get().storage().nbytes()).as(name).isEqualTo(bytes);
        }
      }
      assertThat(mapped)
          .contains("rows", "scalar", "parameter", "format.bfloat16", "format.bool")
          .as("strided, of no elements, or in the storage of another")
          .doesNotContain("transposed", "columns", "every_second", "permuted", "empty", "tied");
      assertThatThrownBy(() -> file.map("scaler"))
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("did you mean scalar");
    }
  }

  @Test
  void mappedTensorOutlivesTheFileAndDoesNotChangeIt() throws IOException {
    Path path = Fixture.path("torch/state_dict.bin");
    byte[] before = Files.readAllBytes(path);
    Tensor weight;
    try (TorchFile file = TorchFile.open(path)) {
      weight = file.map("0.weight").orElseThrow();
    }
    weight.zero_();
    assertThat(weight.count_nonzero().item_long()).isZero();
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
  }

  @Test
  void writesToATensorAreNotVisibleInAnotherOfItsStorage() {
    try (TorchFile file = open("tensors.bin")) {
      Tensor rows = file.map("rows").orElseThrow();
      Tensor whole = file.map("tied").orElseGet(() -> file.read("tied"));
      Tensor kept = whole.clone();
      rows.zero_();
      TensorAssert.assertThat(whole).isExactly(kept);
    }
  }

  @Test
  void truncatedFileIsNotMapped(@TempDir Path directory) throws IOException {
    Path copy = directory.resolve("copy.bin");
    byte[] whole = Files.readAllBytes(Fixture.path("torch/state_dict.bin"));
    Files.write(copy, whole);
    try (TorchFile file = TorchFile.open(copy)) {
      Files.write(copy, Arrays.copyOf(whole, whole.length / 2));
      assertThatThrownBy(() -> file.map("0.weight"))
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("copy.bin: can't be mapped");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5})
  void laterPickleProtocolsAreRead(int protocol) {
    Fixture expected = Fixture.read("torch/expected.safetensors");
    try (TorchFile file = open("protocol_" + protocol + ".bin")) {
      TensorAssert.assertThat(file.read("rows")).isExactly(expected.tensor("rows"));
    }
  }

  @Test
  void stateDictOfAModuleIsRead() {
    Fixture expected = Fixture.read("torch/expected.safetensors");
    try (TorchFile file = open("state_dict.bin")) {
      assertThat(file.names()).containsExactly("0.weight", "0.bias", "1.weight", "1.bias");
      TensorAssert.assertThat(file.read("0.weight"))
          .isExactly(expected.tensor("state_dict.0.weight"));
    }
  }

  // ---- refusals ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "evil.bin | asks to call posix.system, which tensors don't need; nothing was run",
        "module.bin | asks to call torch.nn.modules.container.Sequential",
        "complex.bin | asks to call torch.ComplexFloatStorage",
        "nested.bin | key model: expected a tensor, found a dict",
        "list.bin | expected a dict of tensors, found a list",
        "old.bin | in the format of PyTorch before 1.6",
        "script.bin | a TorchScript program",
      })
  void anythingButADictOfTensorsIsRefused(String name, String message) {
    assertThatThrownBy(() -> open(name))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(name + ": " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "compressed.bin | expected it stored, found it compressed",
        "repeated.bin | key a: expected at most 1 elements, found 1000000: it repeats them",
      })
  void tensorThatRepeatsItsStorageIsRefused(String name, String message) {
    assertThatThrownBy(() -> open(name))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(message);
  }

  @Test
  void truncatedFileOrNoArchiveIsCorrupt(@TempDir Path directory) throws IOException {
    byte[] whole = Files.readAllBytes(Fixture.path("torch/state_dict.bin"));
    Path cut = directory.resolve("cut.bin");
    Files.write(cut, Arrays.copyOf(whole, whole.length - 30));
    assertThatThrownBy(() -> TorchFile.open(cut))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("not a whole file of torch.save");

    Files.writeString(cut, "no archive");
    assertThatThrownBy(() -> TorchFile.open(cut))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected a zip archive as torch.save writes it");
  }

  @Test
  void missingTensorIsReportedWithTheNearestNames() {
    try (TorchFile file = open("state_dict.bin")) {
      assertThatThrownBy(() -> file.read("0.wieght"))
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("did you mean 0.weight");
    }
  }

  private static TorchFile open(String name) {
    return TorchFile.open(Fixture.path("torch/" + name));
  }
}
