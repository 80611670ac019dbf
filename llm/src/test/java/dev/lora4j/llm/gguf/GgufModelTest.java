package dev.lora4j.llm.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.generate.Generation;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.SavedFamilies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The good files are made by {@code tools/gguf_model_fixtures.py}. */
class GgufModelTest {
  private final PointerScope scope = new PointerScope();
  private final Path directory;

  GgufModelTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  // ---- reading ----

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3", "llama_linear", "qwen3", "gpt2"})
  void ggufModelEqualsTransformersWithTheDirectory(String family) {
    Fixture expected = SavedFamilies.expected(family);
    try (Pretrained base = Pretrained.load(file(family))) {
      expected.check("logits", base.model().forward(expected.tensor("tokens")), 1e-4);
      assertThat(base.endTokens()).containsExactly(2L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "gpt2"})
  void greedyTextIsThatOfTransformers(String family) {
    Fixture expected = SavedFamilies.expected(family);
    long[] prompt =
        dev.lora4j.nn.kernel.Ops.longs(expected.tensor("tokens").select(0, 0).narrow(0, 0, 5));
    long[] greedy = dev.lora4j.nn.kernel.Ops.longs(expected.tensor("greedy").reshape(-1));
    try (Pretrained base = Pretrained.load(file(family))) {
      Generation text =
          new Generator(base.model())
              .generate(
                  Arrays.stream(prompt).boxed().toList(),
                  GenerationConfig.greedy(greedy.length),
                  token -> true);
      assertThat(text.tokens()).containsExactlyElementsOf(Arrays.stream(greedy).boxed().toList());
    }
  }

  @Test
  void llama3ScalingIsRecoveredFromItsDivisors() {
    try (GgufModel model = GgufModel.open(file("llama3"))) {
      assertThat(model.config().path("rope_scaling").toString())
          .isEqualTo(
              "{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
                  + "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":16}");
      assertThat(model.config().path("tie_word_embeddings").asBoolean()).isTrue();
      assertThat(model.names()).doesNotContain("rope_freqs.weight", "lm_head.weight");
    }
  }

  @Test
  void modelComputesInTheRequestedDtype() {
    Fixture expected = SavedFamilies.expected("qwen3");
    try (Pretrained base = Pretrained.load(file("qwen3"), DType.BF16)) {
      Tensor logits = base.model().forward(expected.tensor("tokens"));
      assertThat(DType.of(logits.scalar_type())).contains(DType.BF16);
      expected.check("logits", logits.to(torch.ScalarType.Float), 5e-2);
    }
  }

  @Test
  void ggufFileIsRecognisedByNameOrFirstBytes() throws IOException {
    Path unnamed = directory.resolve("blob");
    Files.copy(file("llama2"), unnamed);
    assertThat(GgufModel.isAt(unnamed)).isTrue();
    Path other = Files.writeString(directory.resolve("other.bin"), "GG");
    assertThat(GgufModel.isAt(other)).isFalse();
    assertThat(GgufModel.isAt(directory)).isFalse();
  }

  // ---- refusals ----

  @Test
  void anotherArchitectureIsRefusedByName() {
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "general.architecture", "mamba")),
        UserError.class,
        "general.architecture 'mamba' is not supported; supported: llama, qwen2, qwen3, gpt2");
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "general.type", "adapter")),
        UserError.class,
        "expected model, found adapter");
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "split.count", 3)),
        UserError.class,
        "part 1 of 3 of a split model; expected a name that ends in -00001-of-00003.gguf");
  }

  @Test
  void unsupportedSettingIsRefusedByName() {
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "llama.expert_count", 8)),
        UserError.class,
        "llama.expert_count: experts is not supported");
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "llama.rope.scaling.type", "dynamic")),
        UserError.class,
        "llama.rope.scaling.type: 'dynamic' (supported: linear, yarn) is not supported");
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "llama.rope.dimension_count", 4)),
        UserError.class,
        "llama.rope.dimension_count: rotating only a part of each head is not supported");
    assertRefused(
        changed(
            "llama3", (m, tensors) -> tensors.put("rope_freqs.weight", torch.ones(4).mul_(two()))),
        UserError.class,
        "rope_freqs.weight is not Llama 3's scaling");
  }

  private static Scalar two() {
    return new Scalar(2);
  }

  @Test
  void allMismatchedTensorsAreReportedAtOnce() {
    Path wrong =
        changed(
            "llama2",
            (metadata, tensors) -> {
              tensors.remove("output_norm.weight");
              tensors.put("blk.1.ffn_up.weight", torch.zeros(3, 5));
            });
    assertThatThrownBy(() -> Pretrained.load(wrong))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the weights do not fit its metadata")
        .hasMessageContaining("missing model.norm.weight [32]")
        .hasMessageContaining("model.layers.1.mlp.up_proj.weight: expected [48, 32], found [3, 5]");
    assertRefused(
        changed("llama2", (m, tensors) -> tensors.put("blk.0.ssm_a.weight", torch.zeros(1))),
        UserError.class,
        "1 tensors that no llama has: blk.0.ssm_a.weight");
    assertRefused(
        changed("llama2", (m, tensors) -> tensors.keySet().removeIf(t -> t.startsWith("blk.1."))),
        CorruptFile.class,
        "block_count is 2, but there are 1 layers");
    assertRefused(
        changed("llama2", (m, tensors) -> tensors.remove("token_embd.weight")),
        CorruptFile.class,
        "expected a tensor token_embd.weight");
    assertRefused(
        changed("llama2", (metadata, t) -> metadata.remove("llama.embedding_length")),
        CorruptFile.class,
        "llama.embedding_length: expected a whole number, found nothing");
  }

  @Test
  void theVocabularyMustBeTheModels() {
    assertRefused(
        changed("llama2", (metadata, t) -> put(metadata, "llama.vocab_size", 95)),
        CorruptFile.class,
        "llama.vocab_size is 95, but token_embd.weight has 96 rows");
    assertRefused(
        changed(
            "llama2",
            (metadata, t) ->
                metadata.put(
                    GgufVocabulary.TOKENS,
                    new GgufValue.Items(GgufKind.TEXT, List.of(GgufValue.of("a"))))),
        CorruptFile.class,
        "lists 1 tokens, but token_embd.weight has 96 rows: the tokenizer is another model's");
  }

  @Test
  void truncatedFileIsRefusedAtAnyLength() throws IOException {
    byte[] whole = Files.readAllBytes(file("llama2"));
    for (int length = 0; length < whole.length; length += 997) {
      Path part = directory.resolve("part.gguf");
      Files.write(part, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Pretrained.load(part))
          .as("%d bytes", length)
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining(part.toString());
    }
  }

  // ---- faulty files ----

  private Path changed(
      String family, BiConsumer<Map<String, GgufValue>, Map<String, Tensor>> edit) {
    Path made = directory.resolve("changed.gguf");
    try (GgufFile file = GgufFile.open(file(family))) {
      Map<String, GgufValue> metadata = new LinkedHashMap<>(file.metadata());
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      edit.accept(metadata, tensors);
      GgufWriter.write(made, metadata, tensors);
    }
    return made;
  }

  private static void put(Map<String, GgufValue> metadata, String key, String text) {
    metadata.put(key, GgufValue.of(text));
  }

  private static void put(Map<String, GgufValue> metadata, String key, int number) {
    metadata.put(key, new GgufValue.Whole(GgufKind.U32, number));
  }

  private static void assertRefused(
      Path file, Class<? extends RuntimeException> kind, String message) {
    assertThatThrownBy(() -> GgufModel.open(file))
        .isInstanceOf(kind)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  static Path file(String name) {
    return Fixture.path("gguf/" + name + ".gguf");
  }
}
