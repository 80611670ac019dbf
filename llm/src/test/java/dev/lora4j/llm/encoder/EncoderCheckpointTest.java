package dev.lora4j.llm.encoder;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints with other names, without a head or a pooler, and those that are refused. */
class EncoderCheckpointTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir Path directory;

  /** Copies a fixture with its tensors under other names; an empty name drops one. */
  private Path copy(String name, Function<String, String> renamed, Consumer<ObjectNode> config)
      throws IOException {
    Path source = SavedEncoders.directory(name);
    ObjectNode fields =
        (ObjectNode) new ObjectMapper().readTree(source.resolve("config.json").toFile());
    config.accept(fields);
    Files.writeString(directory.resolve("config.json"), fields.toString());
    try (PointerScope scope = new PointerScope();
        SafetensorsFile weights = SafetensorsFile.open(source.resolve("model.safetensors"))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      weights
          .names()
          .forEach(
              key -> {
                String other = renamed.apply(key);
                if (!other.isEmpty()) {
                  tensors.put(other, weights.read(key));
                }
              });
      SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of());
    }
    return directory;
  }

  private static void assertSameHidden(Path copy, String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(copy)) {
      Fixture expected = SavedEncoders.expected(name);
      Tensor hidden = checkpoint.encoder().hidden(SavedEncoders.input(expected));
      expected.check("hidden", hidden, TOLERANCE);
    }
  }

  @Test
  void aBaseWithoutPrefixAndPoolerLoads() throws IOException {
    Path copy =
        copy(
            "bert",
            key -> {
              boolean left = key.contains("pooler") || key.startsWith("classifier");
              return left ? "" : key.replaceFirst("^bert\\.", "");
            },
            fields -> {});

    assertSameHidden(copy, "bert");
    try (EncoderCheckpoint checkpoint =
        EncoderCheckpoint.load(copy, HeadType.SEQUENCE_CLASSIFICATION, 5)) {
      assertThat(checkpoint.newModules()).containsExactly("classifier", "bert.pooler");
      assertThat(checkpoint.withHead().map(EncoderWithHead::labels)).contains(5);
    }
  }

  @Test
  void namesOfNormsFromTensorFlowLoad() throws IOException {
    Path copy =
        copy(
            "bert",
            key ->
                key.replace("LayerNorm.weight", "LayerNorm.gamma")
                    .replace("LayerNorm.bias", "LayerNorm.beta"),
            fields -> {});

    assertSameHidden(copy, "bert");
  }

  @Test
  void tensorsOfOtherHeadsAreIgnored() throws IOException {
    Path copy = copy("bert", key -> key.replace("classifier.", "cls.predictions."), fields -> {});

    assertSameHidden(copy, "bert");
  }

  @Test
  void aStoredHeadWithOtherLabelsIsReplaced() {
    Path bert = SavedEncoders.directory("bert");
    try (EncoderCheckpoint same =
            EncoderCheckpoint.load(bert, HeadType.SEQUENCE_CLASSIFICATION, 3);
        EncoderCheckpoint other =
            EncoderCheckpoint.load(bert, HeadType.SEQUENCE_CLASSIFICATION, 7)) {
      assertThat(same.newModules()).isEmpty();
      assertThat(other.newModules()).containsExactly("classifier");
      assertThat(requireNonNull(other.root().namedParameters().get("classifier.weight")).shape())
          .containsExactly(7, 24);
    }
  }

  @Test
  void newHeadsHaveSmallWeightsAndNoBias() {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint =
            EncoderCheckpoint.load(
                SavedEncoders.directory("modernbert-token"), HeadType.SEQUENCE_CLASSIFICATION, 2)) {
      Map<String, Tensor> state = checkpoint.root().stateDict();
      assertThat(checkpoint.newModules()).containsExactly("classifier");
      assertThat(Ops.floats(requireNonNull(state.get("classifier.bias")))).containsOnly(0f);
      assertThat(requireNonNull(state.get("classifier.weight")).abs().max().item_float())
          .isBetween(0.01f, 0.2f);
    }
  }

  @Test
  void aMissingTensorIsNamed() throws IOException {
    Path copy =
        copy("distilbert", key -> key.contains("layer.1.ffn.lin2.bias") ? "" : key, fields -> {});

    assertThatThrownBy(() -> EncoderCheckpoint.load(copy))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("missing transformer.layer.1.ffn.lin2.bias [24]");
  }

  @Test
  void anUnknownTensorOfTheEncoderIsNamed() throws IOException {
    Path copy =
        copy(
            "distilbert",
            key -> key.replace("layer.1.ffn.lin2.bias", "layer.1.ffn.lin3.bias"),
            fields -> {});

    assertThatThrownBy(() -> EncoderCheckpoint.load(copy))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("unexpected distilbert.transformer.layer.1.ffn.lin3.bias");
  }

  @ParameterizedTest
  @CsvSource({
    "bert, position_embedding_type, '\"relative_key\"'",
    "bert, is_decoder, true",
    "roberta, add_cross_attention, true",
    "bert, hidden_act, '\"gelu_nwe\"'",
    "bert, num_hidden_layers, 3",
    "bert, intermediate_size, 41",
    "modernbert, classifier_pooling, '\"max\"'",
    "modernbert, layer_types, '[\"full_attention\"]'",
    "modernbert, rope_scaling, '{\"rope_type\": \"yarn\", \"factor\": 2.0}'",
    "distilbert, activation, '\"swiglu\"'"
  })
  void aFieldThatWouldChangeTheResultIsNamed(String name, String field, String value)
      throws IOException {
    Path copy =
        copy(
            name,
            key -> key,
            fields -> {
              try {
                fields.set(field, new ObjectMapper().readTree(value));
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });

    assertThatThrownBy(() -> EncoderCheckpoint.load(copy)).hasMessageContaining(field);
  }

  @Test
  void anUnknownFamilyIsRefusedWithTheNearest() throws IOException {
    Path copy = copy("bert", key -> key, fields -> fields.put("model_type", "robrta"));

    assertThatThrownBy(() -> EncoderCheckpoint.load(copy))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'robrta'")
        .hasMessageContaining("did you mean roberta");
  }

  @Test
  void tokenTypesAreZeroUnlessGiven() {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory("bert"))) {
      Tensor ids = Ops.tensor(new long[] {11, 12}).view(1, 2);
      Tensor zeros = Ops.tensor(new long[] {0, 0}).view(1, 2);
      EncoderInput typed =
          new EncoderInput(ids, EncoderInput.of(ids).attentionMask(), Optional.of(zeros));

      assertThat(Ops.floats(checkpoint.encoder().hidden(typed)))
          .containsExactly(Ops.floats(checkpoint.encoder().forward(ids)));
    }
  }
}
