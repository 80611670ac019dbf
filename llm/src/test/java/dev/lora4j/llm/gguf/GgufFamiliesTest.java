package dev.lora4j.llm.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.SavedFamilies;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
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
          "gemma2", json -> json.put("query_pre_attn_scalar", 8),
          "gemma3",
              json -> {
                json.put("query_pre_attn_scalar", 8).remove("layer_types");
                json.withObject("/rope_parameters/sliding_attention").put("rope_theta", 10_000);
              });

  @TempDir Path directory;

  private Path model(String family) {
    return new ChangedConfig(family, CHANGES.getOrDefault(family, json -> {}))
        .copyTo(directory.resolve(family));
  }

  @ParameterizedTest
  @ValueSource(strings = {"smollm3", "phi3", "phi3_long", "gemma2", "gemma3", "olmo2"})
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
  @ValueSource(strings = {"gemma2", "gemma3", "smollm3_listed"})
  void settingsThatLlamaCppDoesNotHaveAreRefused(String family) {
    Path out = directory.resolve("out.gguf");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory(family), out, GgmlType.F32))
        .isInstanceOf(UserError.class);
    assertThat(out).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ministral3", "qwen3_moe", "gemma3_nested"})
  void modelsThatCanNotBeWrittenAreRefusedByName(String family) {
    Path out = directory.resolve("out.gguf");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory(family), out, GgmlType.F32))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("GGUF");
  }
}
