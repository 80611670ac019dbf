package dev.lora4j.llm.gguf;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Qwen3-MoE in a quantised GGUF file, whose experts are quantised too. */
class QuantizedExpertsTest {
  private static final int HIDDEN = 32;
  private static final int EXPERTS = 5;
  private static final int VOCABULARY = 96;
  private static final int BLOCK = 32;

  @TempDir Path directory;

  private final Random random = new Random(4);
  private Path model = Path.of("");

  /** A model all of whose matrices Q8_0 represents exactly. */
  @BeforeEach
  void writeModel() {
    model =
        new ChangedConfig(
                "qwen3_moe",
                json ->
                    json.put("hidden_size", HIDDEN)
                        .put("head_dim", HIDDEN)
                        .put("num_attention_heads", 1)
                        .put("moe_intermediate_size", HIDDEN)
                        .put("num_hidden_layers", 2)
                        .putArray("mlp_only_layers"))
            .copyTo(directory.resolve("model"));
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> tensors = new HashMap<>();
      tensors.put("lm_head.weight", matrix(VOCABULARY));
      tensors.put("model.embed_tokens.weight", matrix(VOCABULARY));
      tensors.put("model.norm.weight", Ops.ones(HIDDEN));
      for (int i = 0; i < 2; i++) {
        addLayer("model.layers." + i + ".", tensors);
      }
      SafetensorsWriter.write(model.resolve("model.safetensors"), tensors, Map.of());
    }
  }

  private void addLayer(String layer, Map<String, Tensor> tensors) {
    for (String norm : List.of("input_layernorm", "post_attention_layernorm")) {
      tensors.put(layer + norm + ".weight", Ops.ones(HIDDEN));
    }
    for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
      tensors.put(layer + "self_attn." + projection + ".weight", matrix(HIDDEN));
    }
    for (String norm : List.of("q_norm", "k_norm")) {
      tensors.put(layer + "self_attn." + norm + ".weight", Ops.ones(HIDDEN));
    }
    tensors.put(layer + "mlp.gate.weight", matrix(EXPERTS));
    for (int expert = 0; expert < EXPERTS; expert++) {
      for (String projection : List.of("gate_proj", "up_proj", "down_proj")) {
        tensors.put(layer + "mlp.experts." + expert + "." + projection + ".weight", matrix(HIDDEN));
      }
    }
  }

  /**
   * Rows of 32 multiples of 2⁻⁹ up to ±127, which is in each: blocks of Q8_0 without a rounding.
   */
  private Tensor matrix(int rows) {
    float[] values = new float[rows * BLOCK];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % BLOCK == 0 ? 127 : random.nextInt(255) - 127) / 512f;
    }
    return Ops.tensor(values, rows, BLOCK);
  }

  private Path file(GgmlType type) {
    Path file = directory.resolve(type + ".gguf");
    GgufExport.run(model, file, type);
    return file;
  }

  private static Tensor logits(Pretrained pretrained) {
    return pretrained.model().forward(SavedFamilies.expected("qwen3_moe").tensor("tokens"));
  }

  @Test
  void quantisedExpertsAreReadExactly() {
    Path file = file(GgmlType.Q8_0);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        GgufFile written = GgufFile.open(file);
        Pretrained dense = Pretrained.load(model);
        Pretrained quantized = Pretrained.load(file);
        Pretrained dequantized = Pretrained.load(file, WeightStorage.dense(DType.F32))) {
      assertThat(written.tensor("blk.1.ffn_down_exps.weight").type()).isEqualTo(GgmlType.Q8_0);
      assertThat(written.tensor("blk.0.ffn_gate_exps.weight").type()).isEqualTo(GgmlType.Q8_0);

      TensorAssert.assertThat(logits(quantized)).isCloseTo(logits(dense), 1e-4);
      TensorAssert.assertThat(logits(dequantized)).isCloseTo(logits(dense), 1e-4);
    }
  }

  @Test
  void textOfQuantisedExpertsIsThatOfTheirValues() {
    try (Pretrained dense = Pretrained.load(model);
        Pretrained quantized = Pretrained.load(file(GgmlType.Q8_0))) {
      assertThat(greedy(quantized)).hasSize(12).isEqualTo(greedy(dense));
    }
  }

  private static List<Long> greedy(Pretrained pretrained) {
    return new Generator(pretrained.model())
        .generate(List.of(5L, 17L, 40L, 9L), GenerationConfig.greedy(12), token -> true)
        .tokens();
  }

  @Test
  void coarserExpertsAreThoseOfTheFile() {
    Path file = file(GgmlType.Q4_0);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        GgufFile written = GgufFile.open(file);
        Pretrained quantized = Pretrained.load(file)) {
      Map<String, Tensor> own = new HashMap<>();
      quantized.model().namedParameters().forEach((name, p) -> own.put(name, p.value()));
      Tensor gateAndUp =
          requireNonNull(own.get("model.layers.1.mlp.experts.gate_up_proj")); // [5, 64, 32]

      assertThat(written.tensor("blk.1.ffn_up_exps.weight").type()).isEqualTo(GgmlType.Q4_0);
      TensorAssert.assertThat(gateAndUp.narrow(1, 0, HIDDEN))
          .isExactly(written.read("blk.1.ffn_gate_exps.weight"));
      TensorAssert.assertThat(gateAndUp.narrow(1, HIDDEN, HIDDEN))
          .isExactly(written.read("blk.1.ffn_up_exps.weight"));
      TensorAssert.assertThat(requireNonNull(own.get("model.layers.1.mlp.experts.down_proj")))
          .isExactly(written.read("blk.1.ffn_down_exps.weight"));
    }
  }

  @Test
  void adaptersOfExpertsTrainOnQuantisedBases() {
    try (PointerScope scope = new PointerScope();
        Pretrained quantized = Pretrained.load(file(GgmlType.Q8_0))) {
      LoraModel adapted =
          Lora.adapt(
              quantized.model(),
              LoraConfig.rank(2)
                  .targets(Targets.named(List.of("q_proj")))
                  .targetParameters("mlp.experts.gate_up_proj", "mlp.experts.down_proj"));
      Tensor loss = logits(quantized).sum();
      loss.backward();

      assertThat(adapted.parameters("default"))
          .hasSize(12)
          .allSatisfy(parameter -> assertThat(parameter.value().grad().defined()).isTrue());
    }
  }

  @Test
  void quantisingExpertsWhileLoadingIsRefused() {
    assertThatThrownBy(
            () -> Pretrained.load(model, WeightStorage.quantized(Quantization.of(QuantType.NF4))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("experts.gate_up_proj has the weights of several experts");
  }
}
