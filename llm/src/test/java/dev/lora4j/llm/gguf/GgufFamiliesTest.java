package dev.lora4j.llm.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.AdapterConversion;
import dev.lora4j.lora.format.AdapterKind;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Families whose layout in GGUF differs from a Llama's. The expected files have the gguf package's
 * names of tensors (tools/gguf_model_fixtures.py), and the settings of llama.cpp's architectures
 * where those of the fixture are others.
 */
class GgufFamiliesTest {
  private static final double TOLERANCE = 1e-4;
  private static final Map<String, Consumer<ObjectNode>> CHANGES =
      Map.of(
          "ministral3",
              json -> {
                json.putNull("sliding_window");
                json.withObject("/rope_parameters").put("mscale", 1).put("mscale_all_dim", 1.9);
              },
          "gemma2", json -> json.put("query_pre_attn_scalar", 8),
          "gemma3",
              json -> {
                json.put("query_pre_attn_scalar", 8).remove("layer_types");
                json.withObject("/rope_parameters/sliding_attention").put("rope_theta", 10_000);
              });

  @TempDir Path directory;

  private Path model(String family) {
    if (family.equals("qwen3_moe")) {
      return expertsEverywhere();
    }
    return new ChangedConfig(family, CHANGES.getOrDefault(family, json -> {}))
        .copyTo(directory.resolve(family));
  }

  /** The fixture, whose layer 1 has no experts, with those of layer 0 there too. */
  private Path expertsEverywhere() {
    Path model = directory.resolve("qwen3_moe");
    new ChangedConfig("qwen3_moe", json -> json.putArray("mlp_only_layers")).copyTo(model);
    try (PointerScope scope = new PointerScope();
        Checkpoint original = Checkpoint.open(SavedFamilies.directory("qwen3_moe"))) {
      Map<String, Tensor> tensors = new HashMap<>();
      for (String name : original.names()) {
        if (!name.startsWith("model.layers.1.mlp.")) {
          tensors.put(name, original.read(name));
        }
        if (name.startsWith("model.layers.0.mlp.")) {
          tensors.put(name.replaceFirst("layers\\.0", "layers.1"), original.read(name));
        }
      }
      SafetensorsWriter.write(model.resolve("model.safetensors"), tensors, Map.of());
    }
    return model;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smollm3",
        "phi3",
        "phi3_long",
        "gemma2",
        "gemma3",
        "olmo2",
        "qwen3_moe",
        "ministral3"
      })
  void aFileIsReadAndWrittenAsLlamaCppsConverterWritesIt(String family) {
    Path theirs = Fixture.path("gguf/" + family + ".gguf");
    Path ours = directory.resolve("ours.gguf");
    Path model = model(family);
    GgufExport.run(model, ours, GgmlType.F32);
    Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        GgufFile reference = GgufFile.open(theirs);
        GgufFile written = GgufFile.open(ours);
        Pretrained original = Pretrained.load(model);
        Pretrained fromTheirs = Pretrained.load(theirs);
        Pretrained fromOurs = Pretrained.load(ours)) {
      assertThat(written.names()).containsExactlyInAnyOrderElementsOf(reference.names());
      for (String name : reference.names()) {
        TensorAssert.assertThat(written.read(name)).isExactly(reference.read(name));
      }
      Map<String, GgufValue> settings = new HashMap<>(reference.metadata());
      settings.keySet().removeIf(key -> key.startsWith("tokenizer."));
      assertThat(written.metadata()).containsAllEntriesOf(settings);
      Tensor expected = original.model().forward(tokens);
      TensorAssert.assertThat(fromTheirs.model().forward(tokens)).isCloseTo(expected, TOLERANCE);
      TensorAssert.assertThat(fromOurs.model().forward(tokens)).isCloseTo(expected, TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma2", "gemma3", "gemma3_nested", "smollm3_listed"})
  void settingsThatLlamaCppDoesNotHaveAreRefused(String family) {
    Path out = directory.resolve("out.gguf");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory(family), out, GgmlType.F32))
        .isInstanceOf(UserError.class);
    assertThat(out).doesNotExist();
  }

  @Test
  void theTextModelOfOneWithVisionIsWritten() throws IOException {
    Path text = model("gemma3");
    Path nested = Files.createDirectories(directory.resolve("nested"));
    ObjectNode config = JsonNodeFactory.instance.objectNode().put("model_type", "gemma3");
    config.set("text_config", JsonDocument.read(text.resolve("config.json")).json());
    Files.write(nested.resolve("config.json"), JsonDocument.bytes(config));
    try (PointerScope scope = new PointerScope();
        Checkpoint plain = Checkpoint.open(text)) {
      Map<String, Tensor> tensors = new HashMap<>();
      for (String name : plain.names()) {
        tensors.put(name.replaceFirst("^model\\.", "model.language_model."), plain.read(name));
      }
      tensors.put("model.vision_tower.ignored.weight", Ops.zeros(2));
      SafetensorsWriter.write(nested.resolve("model.safetensors"), tensors, Map.of());
    }

    GgufExport.run(text, directory.resolve("text.gguf"), GgmlType.F32);
    GgufExport.run(nested, directory.resolve("nested.gguf"), GgmlType.F32);

    try (PointerScope scope = new PointerScope();
        GgufFile ofText = GgufFile.open(directory.resolve("text.gguf"));
        GgufFile ofNested = GgufFile.open(directory.resolve("nested.gguf"))) {
      assertThat(ofNested.metadata()).isEqualTo(ofText.metadata());
      assertThat(ofNested.names()).containsExactlyInAnyOrderElementsOf(ofText.names());
      for (String name : ofText.names()) {
        TensorAssert.assertThat(ofNested.read(name)).isExactly(ofText.read(name));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = "qwen3_moe")
  void modelsThatCanNotBeWrittenAreRefusedByName(String family) {
    Path out = directory.resolve("out.gguf");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory(family), out, GgmlType.F32))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("GGUF");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"smollm3", "phi3", "gemma2", "gemma3", "olmo2", "qwen3_moe", "ministral3"})
  void anAdapterIsConvertedByItsBaseFileThereAndBack(String family) {
    Path base = Fixture.path("gguf/" + family + ".gguf");
    Path adapter = directory.resolve("adapter");
    Path converted = directory.resolve("adapter.gguf");
    Path back = directory.resolve("back");
    try (PointerScope scope = new PointerScope();
        Pretrained loaded = Pretrained.load(base)) {
      Lora.adapt(loaded.model(), LoraConfig.rank(2).targets(Targets.named("o_proj")))
          .save("default", adapter);
    }

    AdapterConversion.of(adapter).withBase(base).to(AdapterKind.GGUF, converted);
    AdapterConversion.of(converted).withBase(base).to(AdapterKind.PEFT, back);

    try (PointerScope scope = new PointerScope();
        TensorFile original = SafetensorsFile.open(adapter.resolve("adapter_model.safetensors"));
        TensorFile result = SafetensorsFile.open(back.resolve("adapter_model.safetensors"))) {
      assertThat(result.names()).isNotEmpty().isEqualTo(original.names());
      for (String name : original.names()) {
        TensorAssert.assertThat(result.read(name)).isExactly(original.read(name));
      }
    }
  }
}
