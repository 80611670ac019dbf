package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.export.DenseExport;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.WeightedLayer;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models whose weights are kept as their files have them, or are quantised while loading. */
class QuantizedLoadingTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir Path directory;
  private final PointerScope scope = new PointerScope();
  private final NoGradGuard guard = new NoGradGuard();

  @AfterEach
  void close() {
    guard.close();
    scope.close();
  }

  /** Returns a dense checkpoint with rows of whole blocks: nf4 is a Llama, nf4-double a GPT-2. */
  private Path dense(String name, DType dtype) {
    Path out = directory.resolve("dense-" + name);
    SaveOptions options = SaveOptions.oneFile().as(dtype);
    DenseExport.run(Fixture.path("bitsandbytes/" + name), out, options, elements -> {});
    return out;
  }

  private static Tensor logits(Pretrained model) {
    Tensor tokens = Fixture.read("bitsandbytes/nf4/expected.safetensors").tensor("tokens");
    return model.model().forward(tokens);
  }

  // ---- GGUF ----

  @ParameterizedTest
  @CsvSource({
    "nf4,Q8_0",
    "nf4,Q4_0",
    "nf4-skipped,Q8_0",
    "nf4-double,Q4_0",
    "nf4-bf16-storage,Q4_0"
  })
  void blocksOfAFileGiveTheLogitsOfItsDequantisedWeights(String name, GgmlType type) {
    Path file = directory.resolve("model.gguf");
    GgufExport.run(dense(name, DType.F32), file, type);

    try (Pretrained blocks = Pretrained.load(file);
        Pretrained whole = Pretrained.load(file, DType.F32);
        Pretrained replica = blocks.replica()) {
      assertThat(blocks.storage().get(0)).isEqualTo(type.name());
      assertThat(whole.storage()).containsExactly("float32");
      Tensor logits = logits(blocks);
      TensorAssert.assertThat(logits).isCloseTo(logits(whole), TOLERANCE);
      TensorAssert.assertThat(logits(replica)).isExactly(logits);
      assertThat(fingerprint(blocks)).isEqualTo(fingerprint(whole));
      assertThat(fingerprint(replica)).isEqualTo(fingerprint(whole));
    }
  }

  @Test
  void aTiedHeadOfBlocksIsTheEmbedding() {
    Path file = directory.resolve("model.gguf");
    GgufExport.run(dense("nf4", DType.F32), file, GgmlType.Q4_0);

    try (Pretrained blocks = Pretrained.load(file)) {
      assertThat(((WeightedLayer) blocks.model().find("lm_head")).store())
          .isSameAs(((WeightedLayer) blocks.model().find("model.embed_tokens")).store());
    }
  }

  @Test
  void anAdapterOfBlocksIsRecognisedOnTheDequantisedBase() {
    Path file = directory.resolve("model.gguf");
    GgufExport.run(dense("nf4", DType.F32), file, GgmlType.Q4_0);
    Path adapter = directory.resolve("adapter");

    try (Pretrained blocks = Pretrained.load(file);
        Pretrained whole = Pretrained.load(file, DType.F32)) {
      LoraModel trained =
          Lora.adapt(blocks.model(), LoraConfig.rank(2).alpha(4).targets(Targets.everyLinear()));
      trained.parameters("default").forEach(p -> p.value().normal_(0, 0.1, null));
      trained.save("default", adapter);
      LoraModel other = Lora.base(whole.model());
      other.load("default", adapter);
      other.activate("default");
      TensorAssert.assertThat(logits(whole)).isCloseTo(logits(blocks), 1e-4);
    }
  }

  private static String fingerprint(Pretrained model) {
    return Lora.base(model.model()).fingerprint().sha256();
  }

  // ---- half precision ----

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F16"})
  void halvesStayAsTheyAreOnRequest(DType dtype) {
    Path base = dense("nf4", dtype);

    try (Pretrained halves = Pretrained.load(base, WeightStorage.exactlyAsStored());
        Pretrained wide = Pretrained.load(base)) {
      assertThat(halves.storage()).containsExactly(dtype == DType.F16 ? "float16" : "bfloat16");
      assertThat(wide.storage()).containsExactly("float32");
      TensorAssert.assertThat(logits(halves)).isCloseTo(logits(wide), TOLERANCE);
      assertThat(fingerprint(halves)).isEqualTo(fingerprint(wide));
    }
  }

  // ---- quantised while loading ----

  @ParameterizedTest
  @EnumSource(
      value = QuantType.class,
      names = {"NF4", "FP4", "INT8", "Q8_0", "Q4_0"})
  void anyCheckpointIsQuantisedWhileLoading(QuantType type) {
    Path base = SavedFamilies.directory("gpt2"); // whose layers are transposed
    WeightStorage storage = WeightStorage.quantized(Quantization.of(type));

    try (Pretrained quantized = Pretrained.load(base, storage);
        Pretrained exact = Pretrained.load(base)) {
      String word = type.isOfBitsAndBytes() ? type.word() : type.name();
      assertThat(quantized.storage()).contains(word);
      Tensor expected = logits(exact);
      Tensor error = logits(quantized).sub(expected);
      double apart = error.norm().item_double() / expected.norm().item_double();
      assertThat(apart).isPositive().isLessThan(type == QuantType.Q8_0 ? 0.05 : 0.5);
    }
  }

  @Test
  void weightsInNf4AreKeptWhenTheyAreQuantisedAgain() {
    Path base = dense("nf4", DType.F32); // whose values are those of codes and scales
    WeightStorage storage = WeightStorage.quantized(Quantization.of(QuantType.NF4));

    try (Pretrained again = Pretrained.load(base, storage);
        Pretrained first = Pretrained.load(Fixture.path("bitsandbytes/nf4"))) {
      TensorAssert.assertThat(logits(again)).isCloseTo(logits(first), TOLERANCE);
    }
  }

  @Test
  void aShapeThatIsNoMultipleOfTheBlockIsNamed() {
    Path base = SavedFamilies.directory("llama2"); // rows of 48 in down_proj
    WeightStorage storage = WeightStorage.quantized(Quantization.of(QuantType.Q8_0));

    assertThatThrownBy(() -> Pretrained.load(base, storage))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.layers.0.mlp.down_proj.weight")
        .hasMessageContaining("a row of 48 values is not a whole number of Q8_0 blocks")
        .hasMessageContaining("nf4 and int8 take rows of any length");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"smollm3", "phi3", "gemma2", "gemma3_nested", "ministral3", "olmo2", "granite"})
  void aQuantisedBaseOfAnyFamilyComputesWithItsDequantisedWeights(String family) {
    Path model = SavedFamilies.directory(family);
    Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
    WeightStorage int8 = WeightStorage.quantized(Quantization.of(QuantType.INT8));
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained quantised = Pretrained.load(model, int8);
        Pretrained dense = Pretrained.load(model)) {
      assertThat(quantised.storage()).first().isEqualTo("int8");
      quantised
          .model()
          .namedModules()
          .forEach(
              (path, module) -> {
                if (module instanceof WeightedLayer layer) {
                  Tensor weight = layer.store().dense();
                  ((WeightedLayer) dense.model().find(path)).weight().copyFrom(weight);
                }
              });
      TensorAssert.assertThat(quantised.model().forward(tokens))
          .isCloseTo(dense.model().forward(tokens), 1e-4);
    }
  }

  @Test
  void mergingIntoAQuantisedBaseInMemoryIsRefused() {
    try (Pretrained base = Pretrained.load(Fixture.path("bitsandbytes/nf4"))) {
      LoraModel adapted =
          Lora.adapt(base.model(), LoraConfig.rank(2).alpha(4).targets(Targets.everyLinear()));
      adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.1, null));

      assertThatThrownBy(adapted::merge)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("nf4")
          .hasMessageContaining("lora merge");
    }
  }
}
