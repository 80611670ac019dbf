package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.WeightedLayer;
import java.nio.file.Path;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LoftQ with the weights that a model was quantised from. */
class OriginalCheckpointTest {
  private static final WeightStorage NF4 = WeightStorage.quantized(Quantization.of(QuantType.NF4));

  @ParameterizedTest
  @CsvSource({
    "llama3, model.layers.1.mlp.down_proj, 1",
    "llama3, model.layers.1.mlp.down_proj, 2",
    "gpt2, transformer.h.0.attn.c_attn, 1",
    "gpt2, transformer.h.0.attn.c_attn, 2"
  })
  void loftqStartsNearerToTheOriginalThanTheQuantisedBase(
      String family, String path, int iterations) {
    Path directory = Fixture.path("llm/" + family);
    LoraConfig config =
        LoraConfig.rank(4)
            .alpha(8)
            .initialization(new Initialization.Loftq().iterations(iterations));
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(directory, NF4);
        OriginalCheckpoint originals = OriginalCheckpoint.open(directory, base.model())) {
      Tensor original = originals.weight(path);
      double rounding = distance(original, weight(base, path));
      LoraModel adapted = Lora.adaptByLoftq(base.model(), config, originals);
      adapted.activate("default");

      Tensor start = Objects.requireNonNull(adapted.layers().get(path)).effectiveWeight().weight();
      assertThat(distance(original, start)).isLessThan(0.9 * rounding);
    }
  }

  private static Tensor weight(Pretrained base, String path) {
    return ((WeightedLayer) base.model().find(path)).store().dense();
  }

  private static double distance(Tensor one, Tensor other) {
    return one.sub(other).norm().item_double();
  }

  @Test
  void quantisedFileIsNoOriginal() {
    Path file = Fixture.path("gguf/llama3.gguf");
    try (Pretrained base = Pretrained.load(file)) {
      assertThatThrownBy(() -> OriginalCheckpoint.open(file, base.model()))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("loftq needs the weights before quantisation")
          .hasMessageContaining("is quantised; give the model that it was quantised from");
    }
  }
}
