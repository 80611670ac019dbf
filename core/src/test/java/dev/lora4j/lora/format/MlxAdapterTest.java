package dev.lora4j.lora.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.AdaptedMlp;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MlxAdapterTest {
  private static final double ROUNDING = 1e-6;
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).alpha(3).targets(Targets.named("fc1", "fc2"));

  private final PointerScope scope = new PointerScope();
  private final Path directory;

  MlxAdapterTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void matricesAreTransposedAndTheScaleIsNotDividedByTheRank() throws IOException {
    try (AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1)) {
      StoredAdapter stored = mlp.model.stored("default");
      MlxAdapter.write(stored, directory, Optional.empty());

      try (SafetensorsFile file = SafetensorsFile.open(weights())) {
        assertThat(file.names())
            .containsExactlyInAnyOrder(
                "fc1.lora_a", "fc1.lora_b", "block.fc2.lora_a", "block.fc2.lora_b");
        TensorAssert.assertThat(file.read("block.fc2.lora_a"))
            .isExactly(stored.tensor("block.fc2.lora_A.weight").detach().t().contiguous());
      }
      assertThat(Files.readString(directory.resolve("adapter_config.json")))
          .containsIgnoringWhitespaces(
              """
              {"fine_tune_type": "lora", "num_layers": -1, "lora_parameters": {"rank": 2,
              "scale": 1.5, "dropout": 0.0, "keys": ["fc1", "block.fc2"]}}""");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void convertedAdapterGivesTheSameOutput(boolean dora) {
    try (AdaptedMlp mlp = AdaptedMlp.trained(CONFIG.dora(dora), 1)) {
      Tensor before = mlp.answer();
      MlxAdapter.write(mlp.model.stored("default"), directory, Optional.empty());

      mlp.model.load("again", directory);

      mlp.model.activate("again");
      TensorAssert.assertThat(mlp.answer()).isExactly(before);
      assertThat(mlp.model.config("again").scaling()).isEqualTo(1.5);
    }
  }

  /** The fixtures are made by {@code tools/mlx_fixtures.py}; q_proj is square. */
  @ParameterizedTest
  @ValueSource(strings = {"lora", "dora"})
  void mergedWeightsEqualMlxLmsFusedWeights(String kind) {
    Fixture expected = Fixture.read("mlx/" + kind + "/expected.safetensors");
    StoredAdapter stored = StoredAdapter.read(Fixture.path("mlx/" + kind));

    assertThat(stored.paths()).hasSize(6).contains("model.layers.1.self_attn.q_proj");
    for (String path : stored.paths()) {
      Tensor delta =
          stored
              .tensor(path + ".lora_B.weight")
              .mm(stored.tensor(path + ".lora_A.weight"))
              .mul(new Scalar(stored.config().scalingAt(path)));
      Tensor weight = expected.tensor("base." + path).add(delta);
      if (stored.config().dora()) {
        Tensor norm = weight.square().sum(1).sqrt();
        Tensor ratio = stored.tensor(path + ".lora_magnitude_vector").div(norm);
        weight = weight.mul(Ops.along(ratio, 0, 2));
      }
      TensorAssert.assertThat(weight)
          .as(path)
          .isCloseTo(expected.tensor("fused." + path), ROUNDING);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora", "dora"})
  void mlxAdapterIsWrittenBackUnchanged(String kind) {
    MlxAdapter.write(StoredAdapter.read(Fixture.path("mlx/" + kind)), directory, Optional.empty());

    try (SafetensorsFile theirs =
            SafetensorsFile.open(Fixture.path("mlx/" + kind + "/adapters.safetensors"));
        SafetensorsFile ours = SafetensorsFile.open(weights())) {
      assertThat(ours.names()).hasSameElementsAs(theirs.names());
      for (String name : theirs.names()) {
        TensorAssert.assertThat(ours.read(name)).as(name).isExactly(theirs.read(name));
      }
    }
  }

  @Test
  void differentScalingsAndRanksAreFolded() {
    LoraConfig config =
        CONFIG
            .rsLora(true)
            .rankPattern(Map.of("fc2", 3))
            .alphaPattern(Map.of("fc1", 5.0, "fc2", 7.0));
    try (AdaptedMlp mlp = AdaptedMlp.trained(config, 1)) {
      Tensor before = mlp.answer();
      MlxAdapter.write(mlp.model.stored("default"), directory, Optional.empty());

      mlp.model.load("again", directory);

      mlp.model.activate("again");
      TensorAssert.assertThat(mlp.answer()).isCloseTo(before, ROUNDING);
      assertThat(mlp.model.config("again").rank()).isEqualTo(3);
    }
  }

  @Test
  void roundTripThroughPeftGivesTheSameTensors() {
    try (AdaptedMlp mlp = AdaptedMlp.trained(CONFIG.dora(true), 1)) {
      MlxAdapter.write(mlp.model.stored("default"), directory.resolve("mlx"), Optional.empty());

      PeftAdapter.write(StoredAdapter.read(directory.resolve("mlx")), directory.resolve("peft"));

      TensorAssert.assertSameState(
          StoredAdapter.read(directory.resolve("peft")).tensors(),
          mlp.model.stored("default").tensors());
    }
  }

  @Test
  void summaryListsTheLayers() {
    try (AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1)) {
      MlxAdapter.write(mlp.model.stored("default"), directory, Optional.empty());
    }

    assertThat(AdapterSummary.read(directory).targets()).contains("fc1", "block.fc2");
  }

  // ---- what it can't say ----

  @Test
  void unsupportedOptionsAreRefusedByName() {
    LoraConfig config = CONFIG.loraBias(true).bias(BiasTraining.ALL).modulesToSave("head");
    try (AdaptedMlp mlp = AdaptedMlp.trained(config, 1)) {
      StoredAdapter stored = mlp.model.stored("default");

      assertThatThrownBy(() -> MlxAdapter.write(stored, directory, Optional.empty()))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(
              "mlx-lm's format can't express bias = all, lora_bias, modules_to_save = [head]")
          .hasMessageContaining("the tensor fc1.lora_B.bias")
          .hasMessageEndingWith("merge the adapter into its base instead");
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void embeddingIsRefused() {
    StoredAdapter stored =
        new StoredAdapter(
            CONFIG,
            Map.of(
                "model.embed_tokens.lora_A.weight", torch.zeros(2, 5),
                "model.embed_tokens.lora_B.weight", torch.zeros(5, 2)));

    assertThatThrownBy(() -> MlxAdapter.write(stored, directory, Optional.empty()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.embed_tokens is an embedding");
  }

  // ---- files that are not as they should be ----

  @Test
  void allMismatchesAreListed() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("fc1.lora_a", torch.zeros(6, 3));
    tensors.put("block.fc2.lora_a", torch.zeros(8, 2));
    tensors.put("block.fc2.lora_b", torch.zeros(2, 8, 1));
    tensors.put("block.fc2.weight", torch.zeros(2));
    write(tensors, "{\"rank\": 2, \"scale\": 1, \"keys\": [\"fc1\"]}");

    assertThatThrownBy(() -> StoredAdapter.read(directory))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(weights() + " does not match its config:")
        .hasMessageContaining("\n  fc1.lora_a: expected a rank of 2, found [6, 3]")
        .hasMessageContaining("\n  missing fc1.lora_b")
        .hasMessageContaining("\n  block.fc2 is not among the config's keys")
        .hasMessageContaining("\n  block.fc2.lora_b: expected 2 dimensions, found [2, 8, 1]")
        .hasMessageContaining("\n  unexpected block.fc2.weight");
  }

  @Test
  void keysRelativeToANumberedBlockMatch() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("model.layers.3.self_attn.q_proj.lora_a", torch.ones(4, 1));
    tensors.put("model.layers.3.self_attn.q_proj.lora_b", torch.ones(1, 4).mul(new Scalar(2)));
    write(tensors, "{\"rank\": 1, \"scale\": 20.0, \"keys\": [\"self_attn.q_proj\"]}");

    StoredAdapter stored = StoredAdapter.read(directory);

    assertThat(stored.paths()).containsExactly("model.layers.3.self_attn.q_proj");
    assertThat(stored.config().alpha()).isEqualTo(20);
    TensorAssert.assertThat(stored.tensor("model.layers.3.self_attn.q_proj.lora_B.weight"))
        .hasShape(4, 1)
        .hasExactly(2, 2, 2, 2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"rank\": 0, \"scale\": 1} | rank` must be a positive integer, found 0",
        "{\"rank\": 2} | scale` is missing; it must be a finite number",
        "{\"rank\": 2, \"scale\": \"x\"} | scale` must be a finite number, found \"x\"",
        "{\"rank\": 2, \"scale\": 1, \"keys\": 3} | keys` must be a list of strings, found 3",
      })
  void invalidConfigIsRefused(String parameters, String message) throws IOException {
    write(Map.of(), parameters);

    assertThatThrownBy(() -> StoredAdapter.read(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("`lora_parameters." + message);
  }

  @Test
  void fullFineTuneIsRefused() throws IOException {
    write(Map.of(), "{}");
    Files.writeString(directory.resolve("adapter_config.json"), "{\"fine_tune_type\": \"full\"}");

    assertThatThrownBy(() -> StoredAdapter.read(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("`fine_tune_type` must be \"lora\" or \"dora\", found \"full\"");
  }

  private Path weights() {
    return directory.resolve("adapters.safetensors");
  }

  private void write(Map<String, Tensor> tensors, String parameters) throws IOException {
    SafetensorsWriter.write(weights(), tensors, Map.of());
    Files.writeString(
        directory.resolve("adapter_config.json"),
        "{\"fine_tune_type\": \"lora\", \"num_layers\": 4, \"lora_parameters\": "
            + parameters
            + "}");
  }
}
