package dev.lora4j.llm.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.lora.config.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelOutlineTest {
  private final Path directory;

  ModelOutlineTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void gpt2LargeTrainsLessThanAThousandthAtRankFour() throws IOException {
    try (ModelOutline model = Shapes.outline(directory, Shapes.GPT2_LARGE)) {
      PlanListing adapter = model.listing(LoraConfig.rank(4).targets(Targets.named("c_attn")));

      assertThat(model.parameters()).isEqualTo(774_030_080);
      assertThat(adapter.rows()).hasSize(36);
      assertThat(adapter.parameters()).isEqualTo(737_280);
      assertThat((double) adapter.parameters() / model.parameters()).isLessThan(0.001);
    }
  }

  @Test
  void tiedHeadCountsOnce() throws IOException {
    try (ModelOutline model = Shapes.outline(directory, Shapes.SMOLLM2_135M)) {
      assertThat(model.parameters()).isEqualTo(134_515_008);
      assertThat(model.base(BaseStore.FLOAT32).bytes()).isEqualTo(4 * 134_515_008L);
      assertThat(model.base(BaseStore.BF16).bytes()).isEqualTo(2 * 134_515_008L);
    }
  }

  /** The sizes, in MB, of files on the Hub; their headers have a vocabulary of 1 to 2 MB. */
  @ParameterizedTest
  @CsvSource({"GGUF_Q4_0, 637", "GGUF_Q4_K_M, 668", "GGUF_Q8_0, 1170"})
  void ggufSizesAreThoseOfLlamaCpp(BaseStore store, long megabytes) throws IOException {
    try (ModelOutline model = Shapes.outline(directory, Shapes.TINY_LLAMA)) {
      assertThat(model.base(store).bytes() / 1e6).isCloseTo(megabytes, within(2.5));
    }
  }

  /** By hand: 6,979,321,856 weights in layers, 1,050,939,392 others in 16 bits. */
  @Test
  void bitsAndBytesKeepsEmbeddingsAndHeadInHalfPrecision() throws IOException {
    long layers = 6_979_321_856L;
    long others = 2 * 1_050_939_392L;
    long matrices = 7 * 32;
    try (ModelOutline model = Shapes.outline(directory, Shapes.LLAMA3_8B)) {
      assertThat(model.parameters()).isEqualTo(layers + others / 2);
      assertThat(model.base(BaseStore.NF4).bytes())
          .isEqualTo(layers / 2 + layers / 64 * 4 + matrices * 64 + others);
      assertThat(model.base(BaseStore.NF4_DOUBLE).bytes())
          .isEqualTo(
              layers / 2 + layers / 64 + layers / 64 / 256 * 4 + matrices * (64 + 1028) + others);
      long outputs = 32 * (2 * 4096 + 2 * 1024 + 2 * 14336 + 4096);
      assertThat(model.base(BaseStore.INT8).bytes()).isEqualTo(layers + 4 * outputs + others);
    }
  }

  @Test
  void rowsThatAreNoWholeBlocksAreNamed() throws IOException {
    try (ModelOutline model = Shapes.outline(directory, Shapes.SMOLLM2_135M)) {
      assertThat(model.stores()).contains(BaseStore.Q4_0).doesNotContain(BaseStore.Q4_K);
      assertThatThrownBy(() -> model.base(BaseStore.Q4_K))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "q4_k: model.layers.0.self_attn.q_proj.weight: a row of 576 values is no multiple of"
                  + " a block of 256");
    }
  }

  @Test
  void ggufFileIsPlannedAsItIs() {
    Path file = Fixture.path("gguf/llama3.gguf");
    try (ModelOutline model = ModelOutline.of(file);
        GgufModel weights = GgufModel.open(file)) {
      long bytes = weights.names().stream().mapToLong(weights::bytes).sum();

      assertThat(model.base(WeightStorage.asStored()).bytes()).isEqualTo(bytes);
      assertThat(model.stored().orElseThrow().isDense()).isFalse();
    }
  }

  @Test
  void quantizedCheckpointIsPlannedInItsOwnStore() throws IOException {
    String config =
        Shapes.SMOLLM2_135M.replace(
            "{\"model_type\"",
            "{\"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true,"
                + " \"bnb_4bit_quant_type\": \"nf4\"}, \"model_type\"");
    try (ModelOutline model = Shapes.outline(directory, config)) {
      assertThat(model.base(WeightStorage.asStored())).isEqualTo(model.base(BaseStore.NF4));
    }
  }

  @Test
  void storageOfTheOptionsIsTheStore() throws IOException {
    Quantization nested = Quantization.of(QuantType.NF4).withDoubleQuant();
    try (ModelOutline model = Shapes.outline(directory, Shapes.SMOLLM2_135M)) {
      assertThat(model.base(WeightStorage.quantized(nested)))
          .isEqualTo(model.base(BaseStore.NF4_DOUBLE));
      assertThat(model.base(WeightStorage.exactlyAsStored())).isEqualTo(model.base(BaseStore.BF16));
      assertThat(model.base(WeightStorage.asStored())).isEqualTo(model.base(BaseStore.FLOAT32));
    }
  }

  @Test
  void unknownArchitectureIsRefusedByName() throws IOException {
    Path file = directory.resolve("config.json");
    Files.writeString(file, "{\"model_type\": \"mixtral\"}");

    assertThatThrownBy(() -> ModelOutline.of(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model_type 'mixtral' is not supported");
  }
}
