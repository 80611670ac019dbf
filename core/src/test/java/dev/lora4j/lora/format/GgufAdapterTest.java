package dev.lora4j.lora.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufAdapterTest {
  private static final double ROUNDING = 1e-6;
  private static final GgufArchitecture LLAMA = GgufArchitecture.llama(4, 2);
  private static final String Q = "model.layers.0.self_attn.q_proj";
  private static final String DOWN = "model.layers.0.mlp.down_proj";

  private final PointerScope scope = new PointerScope();
  private final Path file;
  private final Path directory;

  GgufAdapterTest(@TempDir Path directory) {
    this.directory = directory;
    file = directory.resolve("adapter.gguf");
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** The fixture is made by {@code tools/gguf_fixtures.py}. */
  @Test
  void fileEqualsTheGgufPackagesByteForByte() {
    Map<String, Tensor> inTheirOrder = new LinkedHashMap<>();
    Fixture peft = Fixture.read("gguf/adapter.safetensors");
    for (String layer :
        List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj")) {
      for (String factor : List.of(".lora_A.weight", ".lora_B.weight")) {
        String key = "model.layers.0." + layer + factor;
        inTheirOrder.put(key, peft.tensor(key));
      }
    }

    GgufAdapter.write(
        new StoredAdapter(LoraConfig.rank(2).alpha(3), inTheirOrder),
        LLAMA,
        file,
        Optional.empty());

    assertThat(file).hasSameBinaryContentAs(Fixture.path("gguf/adapter.gguf"));
  }

  @Test
  void fileOfTheGgufPackageIsReadInPeftsOrder() {
    StoredAdapter stored = GgufAdapter.read(Fixture.path("gguf/adapter.gguf"), LLAMA);

    TensorAssert.assertSameState(
        stored.tensors(), Fixture.read("gguf/adapter.safetensors").tensors(""));
    assertThat(stored.config().scaling()).isEqualTo(1.5);
  }

  @ParameterizedTest
  @CsvSource({"false, ''", "true, ''", "false, down_proj", "true, down_proj", "false, q_proj"})
  void roundTripKeepsEveryDelta(boolean rsLora, String other) {
    LoraConfig config = LoraConfig.rank(3).alpha(5).rsLora(rsLora);
    if (!other.isEmpty()) {
      config = config.alphaPattern(Map.of(other, 7.0)).rankPattern(Map.of(other, 2));
    }
    StoredAdapter before = adapter(config);

    GgufAdapter.write(before, LLAMA, file, Optional.empty());
    StoredAdapter after = GgufAdapter.read(file, LLAMA);

    assertThat(after.paths()).isEqualTo(before.paths());
    for (String path : before.paths()) {
      TensorAssert.assertThat(delta(after, path)).as(path).isCloseTo(delta(before, path), ROUNDING);
    }
  }

  @Test
  void commonScalingChangesNoTensor() {
    StoredAdapter before = adapter(LoraConfig.rank(3).alpha(5).rsLora(true));

    GgufAdapter.write(before, LLAMA, file, Optional.empty());

    TensorAssert.assertSameState(GgufAdapter.read(file, LLAMA).tensors(), before.tensors());
  }

  @Test
  void halfPrecisionIsKept() {
    GgufAdapter.write(adapter(LoraConfig.rank(3)).to(DType.F16), LLAMA, file, Optional.empty());

    try (GgufFile gguf = GgufFile.open(file)) {
      assertThat(gguf.names())
          .allSatisfy(name -> assertThat(gguf.dtype(name)).isEqualTo(DType.F16));
    }
  }

  /** llama.cpp treats an alpha of 0 as "no scaling", a scaling of 1. */
  @Test
  void zeroAlphaIsFoldedIntoB() {
    GgufAdapter.write(adapter(LoraConfig.rank(3).alpha(0)), LLAMA, file, Optional.empty());

    StoredAdapter after = GgufAdapter.read(file, LLAMA);
    assertThat(after.config().alpha()).isEqualTo(3);
    assertThat(after.tensor(Q + ".lora_B.weight").count_nonzero().item_long()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "attn.c_attn, attn_qkv",
    "attn.c_proj, attn_output",
    "mlp.c_fc, ffn_up",
    "mlp.c_proj, ffn_down"
  })
  void gpt2LayersHaveLlamaCppsNames(String layer, String theirs) {
    String path = "transformer.h.11." + layer;
    assertThat(GgufArchitecture.gpt2().weightOf(path)).isEqualTo("blk.11." + theirs + ".weight");
    assertThat(GgufArchitecture.gpt2().pathOf("blk.11." + theirs + ".weight")).contains(path);
  }

  @ParameterizedTest
  @CsvSource({"llama, llama, 4", "mistral, llama, 4", "qwen2, qwen2, 0", "qwen3, qwen3, 0"})
  void checkpointConfigDeterminesTheArchitecture(String type, String name, int heads)
      throws IOException {
    Files.writeString(
        directory.resolve("config.json"),
        "{\"model_type\": \"%s\", \"num_attention_heads\": 4, \"num_key_value_heads\": 2}"
            .formatted(type));

    GgufArchitecture architecture = GgufArchitecture.ofCheckpoint(directory);

    assertThat(architecture.name()).isEqualTo(name);
    assertThat(architecture.rotated().getOrDefault("model.layers.#.self_attn.q_proj", 0))
        .isEqualTo(heads);
  }

  @Test
  void unknownModelTypeIsRefused() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"qwen4\"}");

    assertThatThrownBy(() -> GgufArchitecture.ofCheckpoint(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "model_type qwen4 is not supported in GGUF; did you mean qwen2 or qwen3");
  }

  // ---- what it can't say ----

  @Test
  void doraIsRefused() {
    assertRefused(
        adapter(LoraConfig.rank(3).dora(true)),
        "llama.cpp's adapter format can't express use_dora");
  }

  @Test
  void savedModulesAreRefused() {
    StoredAdapter stored = adapter(LoraConfig.rank(3).modulesToSave("lm_head"));
    Map<String, Tensor> tensors = new LinkedHashMap<>(stored.tensors());
    tensors.put("lm_head.weight", torch.zeros(4, 4));
    assertRefused(
        new StoredAdapter(stored.config(), tensors),
        "can't express modules_to_save = [lm_head], the tensor lm_head.weight");
  }

  @Test
  void embeddingsAndOtherLayersAreRefused() {
    assertRefused(
        new StoredAdapter(
            LoraConfig.rank(1),
            Map.of(
                "model.embed_tokens.lora_embedding_A", torch.zeros(1, 4),
                "model.embed_tokens.lora_embedding_B", torch.zeros(4, 1))),
        "the tensor model.embed_tokens.lora_embedding_A");
    Map<String, Tensor> head = new LinkedHashMap<>();
    put(head, "lm_head", 1, 8, 16);
    assertRefused(
        new StoredAdapter(LoraConfig.rank(1), head),
        "llama.cpp's llama takes no adapter at lm_head");
  }

  @Test
  void rowsThatDoNotFormHeadsAreRefused() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    put(tensors, Q, 1, 12, 16);
    assertThatThrownBy(
            () ->
                GgufAdapter.write(
                    new StoredAdapter(LoraConfig.rank(1), tensors), LLAMA, file, Optional.empty()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(Q + ": expected rows for 4 heads of even size, found 12");
  }

  @Test
  void fileThatIsNotAnAdapterForTheArchitectureIsRefused() {
    Path theirs = Fixture.path("gguf/adapter.gguf");
    assertThatThrownBy(() -> GgufAdapter.read(theirs, GgufArchitecture.gpt2()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("general.architecture: expected gpt2, found llama");
    assertThatThrownBy(() -> GgufAdapter.read(Fixture.path("gguf/tensors.gguf"), LLAMA))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("general.type: expected adapter, found nothing");

    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", GgufValue.of("llama"));
    metadata.put("general.type", GgufValue.of("adapter"));
    metadata.put("adapter.type", GgufValue.of("lora"));
    Map<String, Tensor> tensors =
        Map.of(
            "blk.0.attn_q.weight.lora_a", torch.zeros(2, 4),
            "output_norm.weight", torch.zeros(4));
    GgufWriter.write(file, metadata, tensors);
    assertThatThrownBy(() -> GgufAdapter.read(file, LLAMA))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("missing blk.0.attn_q.weight.lora_b")
        .hasMessageContaining("unexpected output_norm.weight");
  }

  private void assertRefused(StoredAdapter adapter, String message) {
    assertThatThrownBy(() -> GgufAdapter.write(adapter, LLAMA, file, Optional.empty()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message)
        .hasMessageEndingWith("merge the adapter into its base instead");
    assertThat(directory).isEmptyDirectory();
  }

  private static StoredAdapter adapter(LoraConfig config) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    put(tensors, Q, config.rankAt(Q), 16, 16);
    put(tensors, DOWN, config.rankAt(DOWN), 16, 24);
    return new StoredAdapter(config, tensors);
  }

  private static void put(Map<String, Tensor> tensors, String path, int rank, long out, long in) {
    tensors.put(path + ".lora_A.weight", torch.randn(rank, in));
    tensors.put(path + ".lora_B.weight", torch.randn(out, rank));
  }

  private static Tensor delta(StoredAdapter adapter, String path) {
    Tensor a = adapter.tensor(path + ".lora_A.weight").to(ScalarType.Double);
    Tensor b = adapter.tensor(path + ".lora_B.weight").to(ScalarType.Double);
    return b.mm(a).mul(new Scalar(adapter.config().scalingAt(path)));
  }
}
