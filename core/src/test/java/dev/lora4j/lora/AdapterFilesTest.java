package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.AdapterSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterFilesTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).alpha(3).targets(Targets.named("fc2", "head"));
  private static final String FC2_A = "base_model.model.block.fc2.lora_A.weight";
  private static final String FC2_B = "base_model.model.block.fc2.lora_B.weight";

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1);
  private final LoraModel model = mlp.model;
  private final Path directory;

  AdapterFilesTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  @Test
  void tensorsHavePeftsNamesAndShapes() throws IOException {
    long bytes = model.save("default", directory);

    assertThat(bytes)
        .isEqualTo(
            Files.size(directory.resolve("adapter_config.json"))
                + Files.size(directory.resolve("adapter_model.safetensors")));
    try (SafetensorsFile file = weights()) {
      assertThat(file.metadata()).containsEntry("format", "pt");
      assertThat(file.names())
          .containsExactlyInAnyOrder(
              FC2_A,
              FC2_B,
              "base_model.model.head.lora_A.weight",
              "base_model.model.head.lora_B.weight");
      assertThat(file.info(FC2_A).shape()).containsExactly(2L, 8L);
      assertThat(file.info("base_model.model.head.lora_B.weight").shape()).containsExactly(3L, 2L);
    }
  }

  @Test
  void adapterNameDoesNotChangeTheFiles() throws IOException {
    model.save("default", directory);
    model.load("other", directory);
    model.save("other", directory.resolve("again"));

    for (String name : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
      assertThat(directory.resolve("again").resolve(name))
          .hasSameBinaryContentAs(directory.resolve(name));
    }
  }

  @Test
  void mergedAdapterIsSavedUnchanged() throws IOException {
    model.save("default", directory);
    model.merge();
    model.save("default", directory.resolve("merged"));

    assertThat(directory.resolve("merged/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("adapter_model.safetensors"));
  }

  @Test
  void loadedAdapterIsInactiveAndMayBeTheFirst() {
    model.save("default", directory);
    try (AdaptedMlp fresh = AdaptedMlp.fresh(CONFIG, 1)) {
      fresh.model.unload();
      LoraModel base = Lora.base(fresh.net);

      base.load("mine", directory);

      assertThat(base.active()).isEmpty();
      TensorAssert.assertThat(fresh.answer()).isExactly(mlp.answerOfTheBase());
      base.activate("mine");
      TensorAssert.assertThat(fresh.answer()).isExactly(mlp.answer());
    }
  }

  @Test
  void otherDtypesAreConverted() {
    model.save("default", directory);
    Map<String, Tensor> halves = tensors();
    halves.replaceAll((name, tensor) -> tensor.to(ScalarType.BFloat16));
    write(halves);

    model.load("halves", directory);

    model.activate("halves");
    assertThat(mlp.answer().scalar_type().intern()).isEqualTo(ScalarType.Float);
  }

  // ---- adapters that do not fit ----

  @Test
  void allMismatchesAreListedAndNothingIsAdded() {
    model.save("default", directory);
    Map<String, Tensor> tensors = tensors();
    tensors.put(FC2_A, torch.zeros(3, 8));
    tensors.remove("base_model.model.head.lora_B.weight");
    tensors.put("base_model.model.haed.lora_B.weight", torch.zeros(3, 2));
    write(tensors);

    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            directory.resolve("adapter_model.safetensors") + " does not fit this base:")
        .hasMessageContaining("\n  " + FC2_A + ": expected [2, 8], found [3, 8]")
        .hasMessageContaining("\n  missing base_model.model.head.lora_B.weight [3, 2]")
        .hasMessageContaining(
            "\n  unexpected base_model.model.haed.lora_B.weight;"
                + " did you mean base_model.model.head.lora_B.weight");
    assertThat(model.adapterNames()).containsExactly("default");
    assertThat(mlp.net.namedParameters().keySet()).noneMatch(path -> path.contains("other"));
  }

  @Test
  void adapterForMissingLayersIsRefused() throws IOException {
    model.save("default", directory);
    replaceInConfig("\"fc2\"", "\"q_proj\"");

    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(UserError.class)
        .hasMessage("no module matches 'q_proj'; valid: fc1, fc2, head");
  }

  @Test
  void rankThatDiffersFromTheTensorsIsRefused() throws IOException {
    model.save("default", directory);
    replaceInConfig("\"r\" : 2", "\"r\" : 4");

    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(FC2_A + ": expected [4, 8], found [2, 8]")
        .hasMessageContaining(FC2_B + ": expected [8, 4], found [8, 2]");
  }

  // ---- directories that hold none ----

  @Test
  void directoryWithoutAnAdapterIsRefused() throws IOException {
    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter in " + directory + ": can't read adapter_config.json");
    assertThatThrownBy(() -> AdapterSummary.read(directory)).isInstanceOf(UserError.class);

    model.save("default", directory);
    Files.delete(directory.resolve("adapter_model.safetensors"));
    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter_model.safetensors in " + directory);
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    model.save("default", directory);
    Path weights = directory.resolve("adapter_model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(whole, whole.length - 5));

    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageStartingWith(weights + ": ");

    Files.writeString(directory.resolve("adapter_config.json"), "{\"peft_type\":");
    assertThatThrownBy(() -> model.load("other", directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageStartingWith(directory.resolve("adapter_config.json") + ": no JSON: ");
    assertThat(model.adapterNames()).containsExactly("default");
  }

  @Test
  void takenNameIsRefused() {
    model.save("default", directory);

    assertThatThrownBy(() -> model.load("default", directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("already");
  }

  @Test
  void summaryNeedsNoBase() {
    model.save("default", directory);

    AdapterSummary summary = AdapterSummary.read(directory);

    assertThat(summary.config()).isEqualTo(CONFIG);
    assertThat(summary.targets()).isEqualTo("fc2, head");
    assertThat(summary.weights()).isRegularFile();
  }

  private SafetensorsFile weights() {
    return SafetensorsFile.open(directory.resolve("adapter_model.safetensors"));
  }

  private Map<String, Tensor> tensors() {
    try (SafetensorsFile file = weights()) {
      Map<String, Tensor> result = new LinkedHashMap<>();
      file.names().forEach(name -> result.put(name, file.read(name)));
      return result;
    }
  }

  private void write(Map<String, Tensor> tensors) {
    SafetensorsWriter.write(directory.resolve("adapter_model.safetensors"), tensors, Map.of());
  }

  private void replaceInConfig(String from, String to) throws IOException {
    Path config = directory.resolve("adapter_config.json");
    Files.writeString(config, Files.readString(config).replace(from, to));
  }
}
