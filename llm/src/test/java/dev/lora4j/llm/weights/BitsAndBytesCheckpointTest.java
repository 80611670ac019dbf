package dev.lora4j.llm.weights;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitsAndBytesCheckpointTest {
  private static final double TOLERANCE = 1e-4;
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";
  private static final String SCALES = "model.layers.0.self_attn.q_proj.SCB";
  private static final String C_ATTN = "transformer.h.0.attn.c_attn.weight";

  @TempDir Path directory;
  private PointerScope scope = new PointerScope();

  @BeforeEach
  void open() {
    scope = new PointerScope();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  // ---- parity ----

  @ParameterizedTest
  @ValueSource(
      strings = {"nf4", "nf4-double", "nf4-bf16-storage", "nf4-skipped", "nf4-bf16", "fp4", "int8"})
  void logitsAreThoseOfTransformers(String name) {
    Fixture expected = expected(name);
    try (Pretrained base = Pretrained.load(folder(name))) {
      assertThat(base.storage().get(0)).isEqualTo(name.replaceAll("-.*", ""));
      expected.check("logits", base.model().forward(expected.tensor("tokens")), TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nf4", "nf4-double", "nf4-bf16-storage", "nf4-skipped", "nf4-bf16", "fp4"})
  void anAdapterOfPeftGivesTheLogitsOfPeft(String name) {
    Path folder = folder(name);
    Fixture expected = expected(name);
    try (Pretrained base = Pretrained.load(folder)) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", folder.resolve("adapter"));
      adapted.activate("default");
      expected.check("adapted_logits", adapted.forward(expected.tensor("tokens")), TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nf4", "nf4-double", "nf4-bf16", "int8"})
  void aBaseHasOneFingerprintQuantisedAndDequantised(String name) {
    try (Pretrained quantized = Pretrained.load(folder(name));
        Pretrained dense = Pretrained.load(folder(name), DType.F32);
        Pretrained replica = quantized.replica()) {
      String expected = Lora.base(dense.model()).fingerprint().sha256();
      assertThat(Lora.base(quantized.model()).fingerprint().sha256()).isEqualTo(expected);
      assertThat(Lora.base(replica.model()).fingerprint().sha256()).isEqualTo(expected);
    }
  }

  private static Path folder(String name) {
    return Fixture.path("bitsandbytes/" + name);
  }

  private static Fixture expected(String name) {
    return Fixture.read("bitsandbytes/" + name + "/expected.safetensors");
  }

  // ---- damaged files ----

  @ParameterizedTest
  @ValueSource(strings = {".absmax", ".quant_map"})
  void aMissingStateIsNamed(String suffix) throws IOException {
    Path base = changed("nf4", tensors -> tensors.remove(Q + suffix));

    assertCorrupt(base, "missing " + Q + suffix + ": F32[");
  }

  @Test
  void aWeightWithoutItsStateIsNamed() throws IOException {
    String state = Q + ".quant_state.bitsandbytes__nf4";
    Path base = changed("nf4", tensors -> tensors.remove(state));

    assertCorrupt(
        base,
        Q + " is packed in U8, but " + state + " is missing",
        Q + ".absmax belongs to a 4-bit weight");
  }

  @Test
  void scalesOfTheWrongLengthAreRefused() throws IOException {
    Path base = changed("nf4", tensors -> tensors.put(Q + ".absmax", Ops.ones(65)));

    assertCorrupt(base, Q + ".absmax: expected F32[64], one for each block of 64, found F32[65]");
  }

  @Test
  void aTruncatedWeightIsRefused() throws IOException {
    Path base = changed("nf4", tensors -> tensors.put(Q, Ops.zeros(1500, 1).to(ScalarType.Byte)));

    assertCorrupt(
        base, Q + ": expected 2048 bytes for 4 bits of each of [64, 64] values, found 1500");
  }

  @ParameterizedTest
  @ValueSource(strings = {"48", "16", "8192"})
  void anImpossibleBlockSizeIsNamed(String size) throws IOException {
    Path base = withState("nf4", Q, "\"blocksize\": 64", "\"blocksize\": " + size);

    assertCorrupt(base, "`blocksize` must be a power of two from 32 to 4096, found " + size);
  }

  @Test
  void aStateThatContradictsItsKeyIsRefused() throws IOException {
    Path base = withState("nf4", Q, "\"nf4\"", "\"fp4\"");

    assertCorrupt(base, "`quant_type` must be nf4, as the key says, found 'fp4'");
  }

  @Test
  void anUnknownTypeIsNamed() throws IOException {
    Path base =
        changed(
            "nf4",
            tensors ->
                tensors.put(
                    Q + ".quant_state.bitsandbytes__nf5",
                    tensors.remove(Q + ".quant_state.bitsandbytes__nf4")));

    assertCorrupt(base, "expected the type nf4 or fp4, found nf5");
  }

  @Test
  void nestedScalesWithoutTheirMapAreRefused() throws IOException {
    Path base = changed("nf4-double", tensors -> tensors.remove(C_ATTN + ".nested_quant_map"));

    assertCorrupt(
        base, "missing " + C_ATTN + ".nested_quant_map: F32[256], the code book of the scales");
  }

  @Test
  void nestedScalesOfTheWrongLengthAreRefused() throws IOException {
    String scales = C_ATTN + ".nested_absmax";
    Path base = changed("nf4-double", tensors -> tensors.put(scales, Ops.ones(3)));

    assertCorrupt(base, scales + ": expected F32[1], one for each 256, found F32[3]");
  }

  @Test
  void nestedScalesWithoutTheirStateAreRefused() throws IOException {
    Path base = changed("nf4", tensors -> tensors.put(Q + ".nested_absmax", Ops.ones(1)));

    assertCorrupt(
        base, Q + ".nested_absmax is there, but the state of " + Q + " has no nested_blocksize");
  }

  @Test
  void anImpossibleNestedBlockSizeIsNamed() throws IOException {
    Path base =
        withState("nf4-double", C_ATTN, "\"nested_blocksize\": 256", "\"nested_blocksize\": 100");

    assertCorrupt(base, "`nested_blocksize` must be a power of two from 32 to 4096, found 100");
  }

  @Test
  void aShapeThatIsNotTheNetworksIsRefused() throws IOException {
    Path base = withState("nf4", Q, "[64, 64]", "[32, 128]");

    assertThatThrownBy(() -> Pretrained.load(base))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the weights do not fit config.json")
        .hasMessageContaining(Q + " [32, 128]");
  }

  @Test
  void rowScalesOfTheWrongLengthAreRefused() throws IOException {
    Path base = changed("int8", tensors -> tensors.put(SCALES, Ops.ones(63)));

    assertCorrupt(
        base, SCALES + ": expected F32[64], one for each row of " + Q + ", found F32[63]");
  }

  @Test
  void rowScalesAndTheirWeightBelongTogether() throws IOException {
    Path noScales = changed("int8", tensors -> tensors.remove(SCALES));
    assertCorrupt(noScales, Q + " is packed in I8, but " + SCALES + " is missing");
  }

  @Test
  void rowScalesWithoutTheirWeightAreRefused() throws IOException {
    Path noWeight = changed("int8", tensors -> tensors.remove(Q));
    assertCorrupt(noWeight, "missing " + Q + ", whose scales are " + SCALES);
  }

  @Test
  void anUnknownTypeInTheConfigIsNamed() throws IOException {
    Path base = configured("nf4", config -> config.put("bnb_4bit_quant_type", "nf5"));

    assertThatThrownBy(() -> Pretrained.load(base))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "`quantization_config.bnb_4bit_quant_type` is 'nf5'; expected nf4 or fp4");
  }

  @Test
  void bitsThatContradictEachOtherAreRefused() throws IOException {
    Path base = configured("nf4", config -> config.put("load_in_8bit", true));

    assertThatThrownBy(() -> Pretrained.load(base))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("expected one of load_in_4bit and load_in_8bit, found both");
  }

  @Test
  void aMixtureOfStoresIsRefused() throws IOException {
    Path base = changed("nf4", tensors -> tensors.put(SCALES, Ops.ones(64)));

    assertCorrupt(base, Q + ": a mixture of stores: " + SCALES + " is of int8");
  }

  @Test
  void aConfigOfAnotherTypeIsRefused() throws IOException {
    Path base = configured("nf4", config -> config.put("bnb_4bit_quant_type", "fp4"));

    assertCorrupt(base, "a mixture of stores: quantization_config says fp4, and", "is nf4");
  }

  @Test
  void otherMethodsAreRefusedWithWhatToDo() throws IOException {
    Path base = configured("nf4", config -> config.put("quant_method", "awq"));

    assertThatThrownBy(() -> Pretrained.load(base))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("`quantization_config.quant_method` is awq, which is not supported")
        .hasMessageContaining("--quantize nf4");
  }

  @Test
  void aQuantisedBaseIsNotQuantisedAgain() {
    Quantization q8 = Quantization.of(QuantType.Q8_0);

    assertThatThrownBy(() -> Pretrained.load(folder("nf4"), WeightStorage.quantized(q8)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is quantised already, as nf4");
  }

  @Test
  void aQuantisedBaseIsNotSaved() {
    try (Pretrained base = Pretrained.load(folder("nf4"))) {
      assertThatThrownBy(() -> base.save(directory.resolve("saved")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is kept in nf4");
    }
  }

  private static void assertCorrupt(Path base, String... parts) {
    assertThatThrownBy(() -> Pretrained.load(base))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContainingAll(parts);
  }

  private Path withState(String name, String weight, String from, String to) throws IOException {
    return changed(
        name,
        tensors -> {
          String key = weight + ".quant_state.bitsandbytes__nf4";
          byte[] text = new byte[(int) requireNonNull(tensors.get(key)).numel()];
          TensorMemory.of(tensors.get(key)).view(0, text.length).get(text);
          String changed = new String(text, StandardCharsets.UTF_8).replace(from, to);
          long[] bytes = changed.chars().asLongStream().toArray();
          tensors.put(key, Ops.tensor(bytes).to(ScalarType.Byte));
        });
  }

  private Path configured(String name, Consumer<ObjectNode> change) throws IOException {
    Path base = changed(name, tensors -> {});
    Path file = base.resolve("config.json");
    ObjectNode json = JsonDocument.read(file).json();
    change.accept((ObjectNode) json.path("quantization_config"));
    Files.write(file, JsonDocument.bytes(json));
    return base;
  }

  /** Returns a copy of a fixture with other tensors. */
  private Path changed(String name, Consumer<Map<String, Tensor>> change) throws IOException {
    Path base = Files.createDirectories(directory.resolve("base"));
    Files.copy(folder(name).resolve("config.json"), base.resolve("config.json"));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(folder(name).resolve("model.safetensors"))) {
      file.names().forEach(tensor -> tensors.put(tensor, file.read(tensor)));
      change.accept(tensors);
      SafetensorsWriter.write(base.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }
    return base;
  }
}
