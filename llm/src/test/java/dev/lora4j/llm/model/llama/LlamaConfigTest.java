package dev.lora4j.llm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.gpt2.Gpt2Config;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads old and new config.json files, and names fields that would change the result. */
class LlamaConfigTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;

  LlamaConfigTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TransformerConfig read(String family, Consumer<ObjectNode> change) throws IOException {
    Path original = SavedFamilies.directory(family).resolve("config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(Files.readAllBytes(original));
    change.accept(json);
    Path changed = directory.resolve("config.json");
    Files.write(changed, JSON.writeValueAsBytes(json));
    return TransformerConfig.of(JsonDocument.read(changed));
  }

  @Test
  void readsEveryField() throws IOException {
    assertThat(read("llama3", json -> json.put("mlp_bias", true).put("attention_dropout", 0.25)))
        .isEqualTo(
            new TransformerConfig(
                "llama",
                96,
                32,
                48,
                2,
                4,
                2,
                8,
                128,
                1e-5,
                500_000,
                new RopeScaling.Llama3(8, 1, 4, 16),
                List.of(OptionalLong.empty(), OptionalLong.empty()),
                false,
                new TransformerConfig.Biases(false, false, true),
                true,
                0.25));
  }

  @Test
  void readsRopeOfBothStyles() throws IOException {
    TransformerConfig old = read("llama3", json -> {});
    TransformerConfig newer =
        read(
            "llama3",
            json -> {
              ObjectNode rope = (ObjectNode) json.remove("rope_scaling");
              rope.set("rope_theta", json.remove("rope_theta"));
              json.set("rope_parameters", rope);
            });
    assertThat(newer).isEqualTo(old);
  }

  @Test
  void ropeScalingBesideRopeParametersReplacesThem() throws IOException {
    TransformerConfig both =
        read(
            "llama2",
            json -> {
              json.remove("rope_theta");
              json.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", 5e5);
              json.putObject("rope_scaling").put("rope_type", "linear").put("factor", 4);
            });
    assertThat(both.ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
    assertThat(both.ropeTheta()).isEqualTo(10_000); // as in transformers
    TransformerConfig empty =
        read(
            "llama2",
            json -> {
              json.putObject("rope_parameters").put("rope_theta", 5e5);
              json.putObject("rope_scaling");
            });
    assertThat(empty.ropeTheta()).isEqualTo(5e5);
    assertThatThrownBy(
            () ->
                read(
                    "llama2",
                    json -> {
                      json.putObject("rope_parameters").put("rope_type", "default");
                      json.putObject("rope_scaling").put("rope_type", "dynamic").put("factor", 4);
                    }))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("`rope_scaling.rope_type`: dynamic is not supported");
  }

  @Test
  void absentFieldsHaveTransformersDefaults() throws IOException {
    TransformerConfig config =
        read(
            "llama2",
            json ->
                json.remove(
                    List.of(
                        "num_key_value_heads",
                        "head_dim",
                        "rope_theta",
                        "rms_norm_eps",
                        "tie_word_embeddings")));
    assertThat(config.groups()).isEqualTo(config.heads());
    assertThat(config.headDim()).isEqualTo(8);
    assertThat(config.ropeTheta()).isEqualTo(10_000);
    assertThat(config.normEpsilon()).isEqualTo(1e-6);
    assertThat(config.tiedHead()).isFalse();
  }

  @Test
  void mistralHasASlidingWindowUnlessItIsNull() throws IOException {
    assertThat(read("mistral", json -> {}).windows()).containsOnly(OptionalLong.of(5));
    assertThat(read("mistral", json -> json.remove("sliding_window")).windows())
        .containsOnly(OptionalLong.of(4096));
    assertThat(read("mistral", json -> json.putNull("sliding_window")).windows())
        .containsOnly(OptionalLong.empty());
  }

  @Test
  void qwenHasSlidingWindowsInItsLayerTypes() throws IOException {
    List<OptionalLong> expected = List.of(OptionalLong.empty(), OptionalLong.of(6));
    assertThat(read("qwen2", json -> {}).windows()).isEqualTo(expected);
    assertThat(read("qwen2", json -> json.remove("layer_types")).windows()).isEqualTo(expected);
    assertThat(read("qwen2", json -> json.put("use_sliding_window", false)).windows())
        .containsOnly(OptionalLong.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "hidden_act, gelu",
    "clip_qkv, 8",
    "num_local_experts, 4",
    "final_logit_softcapping, 30.0",
    "partial_rotary_factor, 0.5",
    "embedding_multiplier, 12",
  })
  void unsupportedFieldsAreNamed(String key, String value) {
    assertThatThrownBy(() -> read("llama2", json -> json.put(key, value)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("config.json")
        .hasMessageContaining(key)
        .hasMessageContaining("not supported");
  }

  @ParameterizedTest
  @CsvSource({"dynamic", "longrope"})
  void unsupportedRopeScalingIsNamed(String kind) {
    assertThatThrownBy(
            () ->
                read(
                    "llama2",
                    json -> json.putObject("rope_scaling").put("type", kind).put("factor", 2)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(kind)
        .hasMessageContaining("supported: default, linear, llama3, yarn");
  }

  @Test
  void quantizedWeightsAreRefused() {
    assertThatThrownBy(
            () ->
                read(
                    "llama2",
                    json -> json.putObject("quantization_config").put("quant_method", "gptq")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("quantization_config");
  }

  @Test
  void missingAndWrongFieldsAreNamed() {
    assertThatThrownBy(() -> read("llama2", json -> json.remove("hidden_size")))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("`hidden_size` is missing; it must be a positive integer");
    assertThatThrownBy(() -> read("llama2", json -> json.put("num_hidden_layers", "two")))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("num_hidden_layers")
        .hasMessageContaining("found \"two\"");
    assertThatThrownBy(() -> read("llama2", json -> json.put("num_key_value_heads", 3)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("must divide num_attention_heads = 4");
  }

  @Test
  void unsupportedFieldsOfGpt2AreNamed() throws IOException {
    ObjectNode json =
        (ObjectNode)
            JSON.readTree(
                Files.readAllBytes(SavedFamilies.directory("gpt2").resolve("config.json")));
    Path changed = directory.resolve("config.json");
    Files.write(changed, JSON.writeValueAsBytes(json.put("scale_attn_weights", false)));
    assertThatThrownBy(() -> Gpt2Config.of(JsonDocument.read(changed)))
        .hasMessageContaining("scale_attn_weights");
    json.put("scale_attn_weights", true).put("activation_function", "gelu_fast");
    Files.write(changed, JSON.writeValueAsBytes(json));
    assertThatThrownBy(() -> Gpt2Config.of(JsonDocument.read(changed)))
        .hasMessageContaining("gelu_fast");
  }
}
