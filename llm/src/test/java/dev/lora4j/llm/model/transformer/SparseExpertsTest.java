package dev.lora4j.llm.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.decode.Decoder;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.PeftAdapter;
import dev.lora4j.lora.format.SeparateExperts;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters on experts against PEFT, on the fixtures of tools/moe_fixtures.py; checkpoints of both
 * layouts. Tolerance {@code 1e-4}, relative to the largest value.
 */
class SparseExpertsTest {
  private static final double TOLERANCE = 1e-4;
  private static final Path BASE = SavedFamilies.directory("qwen3_moe");

  @TempDir Path directory;

  private static Fixture expected(String name) {
    return Fixture.read("moe/" + name + "/expected.safetensors");
  }

  private static Tensor tokens() {
    return SavedFamilies.expected("qwen3_moe").tensor("tokens");
  }

  private static void adapted(Pretrained base, Path adapter) {
    LoraModel adapted = Lora.base(base.model());
    adapted.load("default", adapter);
    adapted.activate("default");
  }

  private static String inPeft(String path) {
    return "base_model.model."
        + path.replaceAll("\\.default_gate_up_proj\\.([AB])", ".base_layer.lora_$1.weight")
            .replaceAll("\\.default_down_proj\\.([AB])", ".lora_$1.weight")
            .replaceAll("\\.([AB])\\.weight", ".lora_$1.weight");
  }

  @Test
  void logitsAndGradientsOfAnAdapterOnStackedExpertsEqualPefts() {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(BASE)) {
      Fixture expected = expected("stacked");
      adapted(base, Fixture.path("moe/stacked"));
      Tensor logits = base.model().forward(tokens());
      expected.check("adapted_logits", logits, TOLERANCE);

      long predicted = tokens().size(1) - 1;
      Tensor next = tokens().narrow(1, 1, predicted).flatten();
      Ops.crossEntropySum(logits.narrow(1, 0, predicted).flatten(0, 1), next)
          .div(new Scalar((double) next.numel()))
          .backward();
      Map<String, Tensor> found = new LinkedHashMap<>();
      base.model().namedParameters().entrySet().stream()
          .filter(entry -> entry.getValue().isTrainable())
          .forEach(entry -> found.put(inPeft(entry.getKey()), entry.getValue().value().grad()));
      assertThat(found.keySet()).isEqualTo(expected.tensors("grad.").keySet());
      found.forEach((key, gradient) -> expected.check("grad." + key, gradient, TOLERANCE));
    }
  }

  @Test
  void expertsWithAnAdapterAreDecodedInPlainMemory() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(BASE);
        KeyValueCache cache = base.model().newCache()) {
      adapted(base, Fixture.path("moe/stacked"));
      base.model().hidden(TokenBatch.of(5, 17), cache);
      try (Decoder decoder = Decoder.of(base.model(), cache).orElseThrow()) {
        Tensor expected = base.model().forward(TokenBatch.of(5, 17, 42).inputIds()).select(1, 2);
        TensorAssert.assertThat(decoder.step(42)).isCloseTo(expected.flatten(), 2e-5);
      }
    }
  }

  @Test
  void anAdapterWithMatricesForEachExpertIsConvertedAsPeftDoes() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(BASE)) {
      adapted(base, Fixture.path("moe/separate"));
      expected("separate").check("adapted_logits", base.model().forward(tokens()), TOLERANCE);
    }
  }

  @Test
  void anAdapterOnStackedExpertsIsTheSameInTheFormerLayout() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(BASE)) {
      StoredAdapter separated =
          SeparateExperts.separated(StoredAdapter.read(Fixture.path("moe/stacked")));
      assertThat(separated.tensors())
          .containsKey("model.layers.2.mlp.experts.4.up_proj.lora_B.weight");
      assertThat(separated.config().targetParameters()).isEmpty();
      Path written = directory.resolve("separated");
      PeftAdapter.write(separated, written);
      adapted(base, written);
      expected("stacked").check("adapted_logits", base.model().forward(tokens()), TOLERANCE);
    }
  }

  @Test
  void aCheckpointWithStackedExpertsIsReadToo() throws Exception {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained separate = Pretrained.load(BASE)) {
      Map<String, Tensor> state = separate.model().stateDict();
      assertThat(state).containsKey("model.layers.0.mlp.experts.gate_up_proj");
      Path stacked = Files.createDirectory(directory.resolve("stacked"));
      Files.copy(BASE.resolve("config.json"), stacked.resolve("config.json"));
      SafetensorsWriter.write(stacked.resolve("model.safetensors"), state, Map.of("format", "pt"));
      try (Pretrained again = Pretrained.load(stacked)) {
        TensorAssert.assertThat(again.model().forward(tokens()))
            .isExactly(separate.model().forward(tokens()));
      }
    }
  }

  @Test
  void aCheckpointWithoutOneOfTheExpertsIsRefused() throws Exception {
    Path broken = Files.createDirectory(directory.resolve("broken"));
    Files.copy(BASE.resolve("config.json"), broken.resolve("config.json"));
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(BASE.resolve("model.safetensors"))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().stream()
          .filter(name -> !name.contains("experts.3.up_proj"))
          .forEach(name -> tensors.put(name, file.read(name)));
      SafetensorsWriter.write(broken.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }
    assertThatThrownBy(() -> Pretrained.load(broken))
        .hasMessageContaining("mlp.experts.3")
        .hasMessageContaining("up_proj");
  }

  @Test
  void expertsAreNotQuantised() {
    assertThatThrownBy(
            () -> Pretrained.load(BASE, WeightStorage.quantized(Quantization.of(QuantType.INT8))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("mlp.experts.gate_up_proj");
  }
}
