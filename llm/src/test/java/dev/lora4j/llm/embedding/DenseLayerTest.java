package dev.lora4j.llm.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers after the pooling, on the model {@code dense} of tools/encoder_embedding_fixtures.py. */
class DenseLayerTest {
  private static final Path MODEL = Fixture.path("embedding/dense");
  private static final float TOLERANCE = 1e-5f;

  @TempDir Path directory;

  @Test
  void aMergedModelHasTheLayersAndPeftsEmbeddings() {
    Path merged = directory.resolve("merged");
    MergeJob.of(MODEL, List.of(MODEL.resolve("adapter"))).merge(merged);

    try (PointerScope scope = new PointerScope();
        Embedder embedder = Embedder.open(merged, 1, WeightStorage.asStored())) {
      Fixture expected = Fixture.read("embedding/dense/expected.safetensors");
      List<String> texts = new ArrayList<>();
      expected.metadata("texts").forEach(text -> texts.add(text.asText()));
      List<float[]> found = embedder.embed(texts);

      assertThat(embedder.dimensions()).isEqualTo(12);
      for (int i = 0; i < found.size(); i++) {
        assertThat(found.get(i))
            .containsExactly(
                Ops.floats(expected.tensor("adapter").select(0, i)), within(TOLERANCE));
      }
    }
  }

  @Test
  void vectorsThatAreTrainedPassTheLayers() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Embedder embedder = Embedder.open(MODEL, 1, WeightStorage.asStored());
        TaskNetwork network =
            TaskNetworks.load(
                ModelFiles.at(MODEL), TextTask.EMBEDDING, 1, WeightStorage.asStored())) {
      Tensor vector = network.outputs(List.of(TokenSequence.of(2, 9, 11, 3)));

      assertThat(network.outputs()).isEqualTo(12);
      float[] unit = Ops.floats(vector.div(vector.norm()));
      assertThat(unit)
          .containsExactly(embedder.ofTokens().embed(new int[] {2, 9, 11, 3}), within(TOLERANCE));
    }
  }

  private Path changed(String config) throws IOException {
    Path layer = Files.createDirectories(directory.resolve("2_Dense"));
    Files.copy(MODEL.resolve("2_Dense/model.safetensors"), layer.resolve("model.safetensors"));
    Files.writeString(layer.resolve("config.json"), config);
    return layer;
  }

  @Test
  void anUnknownActivationIsNamed() throws IOException {
    Path layer =
        changed(
            """
            {"in_features": 24, "out_features": 10,
             "activation_function": "torch.nn.modules.activation.GELU"}
            """);

    assertThatThrownBy(() -> DenseLayer.read(layer))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no activation 'torch.nn.modules.activation.GELU'");
  }

  @Test
  void aSettingThatWouldChangeTheResultIsNamed() throws IOException {
    Path layer = changed("{\"in_features\": 24, \"out_features\": 10, \"use_residual\": true}");

    assertThatThrownBy(() -> DenseLayer.read(layer))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("use_residual = true");
  }

  @Test
  void weightsOfAnotherSizeAreRefused() throws IOException {
    Path layer = changed("{\"in_features\": 24, \"out_features\": 11}");

    assertThatThrownBy(() -> DenseLayer.read(layer))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected linear.weight [11, 24], found [10, 24]");
  }
}
