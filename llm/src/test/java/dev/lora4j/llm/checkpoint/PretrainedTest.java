package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loading, refusing and saving model directories. */
class PretrainedTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PointerScope scope = new PointerScope();
  private final Path directory;

  PretrainedTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Map<String, Tensor> tensors(String family) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile file =
        SafetensorsFile.open(SavedFamilies.directory(family).resolve("model.safetensors"))) {
      file.names().forEach(name -> tensors.put(name, file.read(name)));
    }
    return tensors;
  }

  /** Writes a family's config with other tensors. */
  private Path checkpoint(String family, Map<String, Tensor> tensors) throws IOException {
    Files.copy(
        SavedFamilies.directory(family).resolve("config.json"), directory.resolve("config.json"));
    SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of());
    return directory;
  }

  private static Tensor logits(Pretrained loaded, String family) {
    return loaded.model().forward(SavedFamilies.expected(family).tensor("tokens"));
  }

  // ---- save and load ----

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#textOnly")
  void savedModelIsLoadedBitForBit(String family) {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      base.save(directory);
      try (Pretrained again = Pretrained.load(directory)) {
        TensorAssert.assertSameState(again.model().stateDict(), base.model().stateDict());
        assertThat(again.config().json()).isEqualTo(base.config().json());
      }
    }
  }

  @Test
  void shardsAreAsLargeAsAllowedAndListed() throws IOException {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama2"))) {
      base.save(directory, SaveOptions.oneFile().shardsOf(30_000));
      JsonNode index =
          JSON.readTree(Files.readAllBytes(directory.resolve("model.safetensors.index.json")));
      assertThat(index.path("weight_map").size()).isEqualTo(base.model().stateDict().size());
      try (Stream<Path> files = Files.list(directory)) {
        assertThat(files.filter(f -> f.toString().endsWith(".safetensors")))
            .hasSizeGreaterThan(2)
            .allMatch(file -> file.toFile().length() < 33_000);
      }
      try (Pretrained again = Pretrained.load(directory)) {
        TensorAssert.assertSameState(again.model().stateDict(), base.model().stateDict());
      }
    }
  }

  @Test
  void halfPrecisionOnTheDiskIsComputedInSingle() {
    for (DType half : new DType[] {DType.BF16, DType.F16}) {
      Path target = directory.resolve(half.name());
      try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama2"))) {
        base.save(target, SaveOptions.oneFile().as(half));
        try (Pretrained again = Pretrained.load(target)) {
          assertThat(again.config().json().path("torch_dtype").asText())
              .isEqualTo(half == DType.BF16 ? "bfloat16" : "float16");
          // bfloat16 keeps eight bits of each weight
          TensorAssert.assertThat(logits(again, "llama2")).isCloseTo(logits(base, "llama2"), 5e-2);
          assertThat(DType.of(logits(again, "llama2").scalar_type())).contains(DType.F32);
        }
      }
    }
  }

  @Test
  void itComputesInTheRequestedDtype() {
    for (String family : new String[] {"qwen3", "gpt2"}) {
      try (Pretrained base = Pretrained.load(SavedFamilies.directory(family), DType.BF16)) {
        Tensor logits = logits(base, family);
        assertThat(DType.of(logits.scalar_type())).contains(DType.BF16);
        TensorAssert.assertThat(logits)
            .isCloseTo(SavedFamilies.expected(family).tensor("logits"), 5e-2);
      }
    }
  }

  @Test
  void aMergedAdapterIsSavedWithTheBase() {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama3"))) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", Fixture.path("llm/llama3/adapter"));
      adapted.activate("default");
      assertThatThrownBy(() -> base.save(directory))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("merge() and unload()");

      adapted.merge();
      adapted.unload();
      base.save(directory);

      try (Pretrained merged = Pretrained.load(directory)) {
        SavedFamilies.expected("llama3").check("adapted_logits", logits(merged, "llama3"), 1e-4);
      }
    }
  }

  @Test
  void aTiedHeadIsWrittenOnceAndFollowsTheEmbedding() {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama3"))) {
      assertThat(base.model().stateDict()).doesNotContainKey("lm_head.weight");
      base.save(directory);
    }
    try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("model.safetensors"))) {
      assertThat(file.names()).doesNotContain("lm_head.weight");
    }
  }

  @Test
  void weightsOfTheRequestedDtypeAreMapped() {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama2"))) {
      Parameter norm = base.model().namedParameters().get("model.norm.weight");
      Tensor mapped = norm == null ? Ops.zeros(0) : norm.value();
      assertThat(mapped.storage().nbytes())
          .as("the tensor lies in the whole file")
          .isEqualTo(
              SavedFamilies.directory("llama2").resolve("model.safetensors").toFile().length());
    }
  }

  @Test
  void aLoadedModelIsFrozenAndEvaluates() {
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("gpt2"))) {
      assertThat(base.model().trainableParameters()).isEmpty();
      assertThat(base.model().isTraining()).isFalse();
    }
  }

  @Test
  void tokenizerFilesAreSavedAndOtherWeightsAreRefused() throws IOException {
    Path source = directory.resolve("source");
    Path target = directory.resolve("target");
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama2"))) {
      base.save(source);
    }
    Files.writeString(source.resolve("tokenizer.json"), "{}");
    Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\": [7, 9]}");
    try (Pretrained base = Pretrained.load(source)) {
      assertThat(base.endTokens()).containsExactly(7L, 9L);
      base.save(target);
      assertThat(target.resolve("tokenizer.json")).hasContent("{}");
      assertThatThrownBy(() -> base.save(target, SaveOptions.oneFile().shardsOf(30_000)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("other weights: model.safetensors");
    }
  }

  // ---- mismatches ----

  @Test
  void allMismatchesAreReportedAtOnce() throws IOException {
    Map<String, Tensor> tensors = tensors("llama2");
    tensors.remove("model.norm.weight");
    tensors.put("model.layers.1.mlp.up_proj.weight", torch.zeros(3, 5));
    tensors.put("model.layers.0.mlp.down_projection.weight", torch.zeros(2));
    Path wrong = checkpoint("llama2", tensors);

    assertThatThrownBy(() -> Pretrained.load(wrong))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(wrong.toString())
        .hasMessageContaining("missing model.norm.weight [32]")
        .hasMessageContaining("model.layers.1.mlp.up_proj.weight: expected [48, 32], found [3, 5]")
        .hasMessageContaining(
            "unexpected model.layers.0.mlp.down_projection.weight; did you mean"
                + " model.layers.0.mlp.down_proj.weight");
  }

  @Test
  void missingShardsAreNamed() throws IOException {
    for (String file : new String[] {"config.json", "model.safetensors.index.json"}) {
      Files.copy(SavedFamilies.directory("qwen3").resolve(file), directory.resolve(file));
    }
    String first = "model-00001-of-00003.safetensors";
    Files.copy(SavedFamilies.directory("qwen3").resolve(first), directory.resolve(first));

    assertThatThrownBy(() -> Pretrained.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("2 of 3 shards are missing")
        .hasMessageContaining("model-00002-of-00003.safetensors")
        .hasMessageContaining("model-00003-of-00003.safetensors");
  }

  @Test
  void anIndexMayNotPointElsewhere() throws IOException {
    Files.copy(
        SavedFamilies.directory("qwen3").resolve("config.json"), directory.resolve("config.json"));
    ObjectNode index = JSON.createObjectNode();
    index.putObject("weight_map").put("model.norm.weight", "../model.safetensors");
    Files.write(directory.resolve("model.safetensors.index.json"), JSON.writeValueAsBytes(index));

    assertThatThrownBy(() -> Pretrained.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("../model.safetensors");
  }

  @Test
  void refusesEmptyDirectoriesAndEmptyFiles() throws IOException {
    assertThatThrownBy(() -> Pretrained.load(directory)).hasMessageContaining("config.json");
    Files.copy(
        SavedFamilies.directory("llama2").resolve("config.json"), directory.resolve("config.json"));
    assertThatThrownBy(() -> Pretrained.load(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("neither model.safetensors nor pytorch_model.bin");
    Files.writeString(directory.resolve("pytorch_model.bin"), "");
    assertThatThrownBy(() -> Pretrained.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("pytorch_model.bin: expected a zip archive as torch.save writes it");
  }

  @Test
  void supportedArchitecturesAreNamed() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"mamba\"}");
    assertThatThrownBy(() -> Pretrained.load(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'mamba' is not supported")
        .hasMessageContaining("llama, mistral, qwen2, qwen3, gpt2");
  }

  @Test
  void aStoredHeadMustBeTheEmbeddingWhereItIsTied() throws IOException {
    Map<String, Tensor> tensors = tensors("llama3");
    tensors.put("lm_head.weight", torch.zeros(96, 32));
    Path wrong = checkpoint("llama3", tensors);

    assertThatThrownBy(() -> Pretrained.load(wrong))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("lm_head.weight differs from the embedding");
  }

  @Test
  void namesWithoutPrefixAndDerivedTensorsAreKnown() throws IOException {
    Map<String, Tensor> bare = new LinkedHashMap<>();
    tensors("gpt2").forEach((name, tensor) -> bare.put(withoutPrefix(name), tensor));
    bare.put("h.0.attn.bias", torch.ones(1, 1, 64, 64));
    Path older = checkpoint("gpt2", bare);

    try (Pretrained base = Pretrained.load(older)) {
      SavedFamilies.expected("gpt2").check("logits", logits(base, "gpt2"), 1e-4);
    }
  }

  private static String withoutPrefix(String name) {
    return name.replaceFirst("^transformer\\.", "");
  }

  @Test
  void adaptersDoNotTouchTheFile() throws IOException {
    Path copy = directory.resolve("copy");
    try (Pretrained base = Pretrained.load(SavedFamilies.directory("llama2"))) {
      base.save(copy);
    }
    byte[] before = Files.readAllBytes(copy.resolve("model.safetensors"));
    try (Pretrained base = Pretrained.load(copy)) {
      LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(2));
      Consumer<Parameter> fill = parameter -> parameter.copyFrom(torch.ones(parameter.shape()));
      adapted.parameters("default").forEach(fill);
      base.model().namedParameters().values().forEach(fill);
      adapted.merge();
    }
    assertThat(Files.readAllBytes(copy.resolve("model.safetensors"))).isEqualTo(before);
  }
}
