package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.AdapterSummary;
import dev.lora4j.lora.format.PeftAdapter;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** PEFT directories in all dtypes and all versions of their tensor names. */
class AdapterFormatsTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).alpha(3).targets(Targets.named("fc2", "head")).dora(true);

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1);
  private final LoraModel model = mlp.model;
  private final Path directory;

  AdapterFormatsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "F16", "BF16"})
  void everyDtypeIsWrittenAndReadBack(DType dtype) {
    model.save("default", directory, dtype);

    try (SafetensorsFile file = SafetensorsFile.open(weights())) {
      assertThat(file.names()).allSatisfy(name -> assertThat(file.dtype(name)).isEqualTo(dtype));
    }
    model.load("again", directory);
    StoredAdapter saved = model.stored("default");
    model
        .adapter("again")
        .saved()
        .forEach(
            (key, parameter) -> {
              Tensor rounded = saved.tensor(key).to(dtype.torch()).to(ScalarType.Float);
              assertThat(parameter.value().scalar_type().intern()).isEqualTo(ScalarType.Float);
              TensorAssert.assertThat(parameter.value()).as(key).isExactly(rounded);
            });
  }

  @Test
  void valueTooLargeForTheDtypeIsRefused() {
    Parameter parameter = model.parameters("default").get(0);
    try (PointerScope inner = new PointerScope()) {
      parameter.copyFrom(parameter.value().mul(new org.bytedeco.pytorch.Scalar(1e30)));
    }

    assertThatThrownBy(() -> model.save("default", directory, DType.F16))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("block.fc2.lora_A.weight holds")
        .hasMessageContaining("too large for F16; use BF16 or F32");
    assertThat(directory).isEmptyDirectory();
    model.save("default", directory, DType.BF16);
  }

  @Test
  void integerDtypeIsRefused() {
    assertThatThrownBy(() -> model.save("default", directory, DType.I8))
        .isInstanceOf(UserError.class)
        .hasMessage("an adapter's dtype must be F64, F32, F16 or BF16, not I8");
  }

  // ---- names of older files ----

  @ParameterizedTest
  @CsvSource({
    "base_model.model., ''",
    "lora_A.weight, lora_A.default.weight",
    "lora_magnitude_vector, lora_magnitude_vector.weight",
    "lora_magnitude_vector, lora_magnitude_vector.default",
    "lora_magnitude_vector, lora_magnitude_vector.default.weight",
  })
  void olderTensorNamesAreRead(String today, String then) {
    model.save("default", directory);
    rename(key -> key.replace(today, then));

    model.load("again", directory);

    model.activate("again");
    Tensor answer = mlp.answer();
    model.activate("default");
    TensorAssert.assertThat(answer).isExactly(mlp.answer());
  }

  @Test
  void twoNamesOfOneTensorAreRefused() {
    model.save("default", directory);
    Map<String, Tensor> tensors = tensors();
    String key = "block.fc2.lora_A.weight";
    tensors.put(key, tensors.get("base_model.model." + key));
    SafetensorsWriter.write(weights(), tensors, Map.of());

    assertThatThrownBy(() -> model.load("again", directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("are two names of one tensor");
  }

  @Test
  void pickledAdapterIsReadWithoutRunningIt() throws IOException {
    Fixture fixture =
        Fixture.read(
            "peft/mlp-dora-true-names-bias_lora_only-patterns_rank-extra_exclude_regex-dropout_some"
                + ".safetensors");
    Files.copy(Fixture.path("torch/adapter_model.bin"), directory.resolve("adapter_model.bin"));
    Files.writeString(
        directory.resolve("adapter_config.json"), fixture.metadata("adapter_config").toString());

    StoredAdapter stored = PeftAdapter.read(directory);

    Map<String, Tensor> expected = new LinkedHashMap<>();
    fixture
        .tensors("adapter.base_model.model.")
        .forEach((key, tensor) -> expected.put(key, tensor));
    TensorAssert.assertSameState(stored.tensors(), expected);
    assertThat(AdapterSummary.read(directory).weights()).hasFileName("adapter_model.bin");
  }

  // ---- many adapters in a directory ----

  @Test
  void allAdaptersAreSavedAndLoadedUnderTheirNames() {
    mlp.with("french", LoraConfig.rank(3).targets(Targets.named("fc1")));

    model.saveAll(directory);

    assertThat(weights()).isRegularFile();
    assertThat(directory.resolve("french/adapter_model.safetensors")).isRegularFile();
    model.activate("french");
    Tensor french = mlp.answer();
    model.activate();
    model.remove("default");
    model.remove("french");
    assertThat(model.loadAll(directory)).containsExactly("default", "french");
    model.activate("french");
    TensorAssert.assertThat(mlp.answer()).isExactly(french);
  }

  @Test
  void allAdaptersAreLoadedOrNone() throws IOException {
    mlp.with("french", LoraConfig.rank(3).targets(Targets.named("fc1")));
    model.saveAll(directory);
    Files.delete(directory.resolve("french/adapter_model.safetensors"));
    model.remove("default");
    model.remove("french");

    assertThatThrownBy(() -> model.loadAll(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no adapter_model.safetensors in " + directory.resolve("french"));
    assertThat(model.adapterNames()).isEmpty();
  }

  @Test
  void directoryWithoutAdaptersIsRefused() {
    assertThatThrownBy(() -> model.loadAll(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no adapter in " + directory);
  }

  private Path weights() {
    return directory.resolve("adapter_model.safetensors");
  }

  private Map<String, Tensor> tensors() {
    try (SafetensorsFile file = SafetensorsFile.open(weights())) {
      Map<String, Tensor> result = new LinkedHashMap<>();
      file.names().forEach(name -> result.put(name, file.read(name)));
      return result;
    }
  }

  private void rename(UnaryOperator<String> newName) {
    Map<String, Tensor> renamed = new LinkedHashMap<>();
    tensors().forEach((key, tensor) -> renamed.put(newName.apply(key), tensor));
    assertThat(renamed.keySet()).isNotEqualTo(tensors().keySet());
    SafetensorsWriter.write(weights(), renamed, Map.of());
  }
}
