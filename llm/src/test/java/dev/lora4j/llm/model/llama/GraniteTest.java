package dev.lora4j.llm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.decode.Decoder;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Granite's additions to a Llama; the tests of all families check its logits and gradients. */
class GraniteTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double TOLERANCE = 1e-4;

  private final Path directory;

  GraniteTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private GraniteConfig read(Consumer<ObjectNode> change) throws IOException {
    Path original = SavedFamilies.directory("granite").resolve("config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(Files.readAllBytes(original));
    change.accept(json);
    Path changed = directory.resolve("config.json");
    Files.write(changed, JSON.writeValueAsBytes(json));
    JsonDocument fields = JsonDocument.read(changed);
    return ((GraniteFamily) ModelFamily.of(fields)).graniteConfig(fields);
  }

  @Test
  void readsTheMultipliers() throws IOException {
    GraniteConfig config = read(json -> {});
    assertThat(config)
        .isEqualTo(new GraniteConfig(config.llama(), 3.5, 0.81, 0.37, 1.7))
        .extracting(granite -> granite.llama().modelType(), granite -> granite.llama().tiedHead())
        .containsExactly("granite", true);
    assertThat(config.llama().biases()).isEqualTo(new TransformerConfig.Biases(true, true, true));
  }

  @Test
  void readsRopeOfBothStyles() throws IOException {
    GraniteConfig old = read(json -> {});
    assertThat(old.llama().ropeTheta()).isEqualTo(20_000);
    GraniteConfig newer =
        read(
            json -> {
              json.remove("rope_scaling");
              ObjectNode rope = json.putObject("rope_parameters").put("rope_type", "default");
              rope.set("rope_theta", json.remove("rope_theta"));
            });
    assertThat(newer).isEqualTo(old);
  }

  @Test
  void absentMultipliersAreOne() throws IOException {
    GraniteConfig config =
        read(
            json ->
                json.remove(
                    List.of(
                        "embedding_multiplier",
                        "attention_multiplier",
                        "residual_multiplier",
                        "logits_scaling")));
    assertThat(config).isEqualTo(new GraniteConfig(config.llama(), 1, 1, 1, 1));
  }

  @ParameterizedTest
  @CsvSource({"attention_multiplier, 0", "logits_scaling, 0", "num_local_experts, 4"})
  void refusesByName(String key, int value) {
    assertThatThrownBy(() -> read(json -> json.put(key, value)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key);
  }

  @Test
  void adaptsQueriesAndValuesByDefault() {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory("granite"))) {
      LoraConfig config = LoraConfig.rank(2).targets(Targets.ofArchitecture());
      assertThat(Lora.adapt(base.model(), config).parameters("default")).hasSize(2 * 2 * 2);
    }
  }

  @Test
  void decodesInPlainMemory() {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory("granite"));
        KeyValueCache cache = base.model().newCache()) {
      base.model().hidden(TokenBatch.of(5, 17), cache);
      try (Decoder decoder = Decoder.of(base.model(), cache).orElseThrow()) {
        Tensor expected = base.model().forward(TokenBatch.of(5, 17, 42).inputIds()).select(1, 2);
        TensorAssert.assertThat(decoder.step(42)).isCloseTo(expected.flatten(), 2e-5);
      }
    }
  }

  /** The expected file is made with the gguf package. */
  @Test
  void aGgufFileIsReadAndWrittenAsLlamaCppsConverterWritesIt() {
    Path theirs = Fixture.path("gguf/granite.gguf");
    Path ours = directory.resolve("ours.gguf");
    GgufExport.run(SavedFamilies.directory("granite"), ours, GgmlType.F32);
    Fixture expected = SavedFamilies.expected("granite");
    try (PointerScope scope = new PointerScope();
        GgufFile reference = GgufFile.open(theirs);
        GgufFile written = GgufFile.open(ours);
        Pretrained fromTheirs = Pretrained.load(theirs);
        Pretrained fromOurs = Pretrained.load(ours)) {
      assertThat(written.names()).containsExactlyInAnyOrderElementsOf(reference.names());
      for (String name : reference.names()) {
        TensorAssert.assertThat(written.read(name)).isExactly(reference.read(name));
      }
      for (String key :
          new String[] {"attention.scale", "embedding_scale", "residual_scale", "logit_scale"}) {
        assertThat(written.metadata().get("granite." + key))
            .isEqualTo(reference.metadata().get("granite." + key));
      }
      Tensor tokens = expected.tensor("tokens");
      expected.check("logits", fromTheirs.model().forward(tokens), TOLERANCE);
      expected.check("logits", fromOurs.model().forward(tokens), TOLERANCE);
    }
  }
}
