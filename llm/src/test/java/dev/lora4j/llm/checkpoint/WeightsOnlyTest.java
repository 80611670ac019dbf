package dev.lora4j.llm.checkpoint;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsOnlyTest {
  private final Path directory;

  WeightsOnlyTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void kindsFollowFromShapesAndNames() {
    Path file =
        SavedModels.write(
            directory.resolve("net.safetensors"),
            "model.embed_tokens.weight",
            "10x4",
            "model.layers.0.q_proj.weight",
            "6x4",
            "model.layers.0.q_proj.bias",
            "6",
            "model.layers.0.norm.weight",
            "4",
            "conv.weight",
            "8x3x5x5",
            "conv.bias",
            "8",
            "experts.gate_up_proj",
            "2x4x6");
    try (Checkpoint saved = Checkpoint.open(file);
        WeightsOnly network = WeightsOnly.of(saved)) {
      assertThat(network.find("model.embed_tokens")).isInstanceOf(Embedding.class);
      assertThat(network.find("model.layers.0.q_proj")).isInstanceOf(Linear.class);
      assertThat(network.find("model.layers.0.norm")).isInstanceOf(UnknownModule.class);
      assertThat(network.find("conv")).isInstanceOf(Conv.class);
      assertThat(network.find("experts").ownParameters()).containsKey("gate_up_proj");
      assertThat(network.namedParameters()).hasSameSizeAs(saved.infos());
    }
  }

  @Test
  void weightsAreMapped() {
    Path file =
        SavedModels.write(
            directory.resolve("net.safetensors"), ScalarType.BFloat16, "fc.weight", "6x4");
    try (PointerScope scope = new PointerScope();
        Checkpoint saved = Checkpoint.open(file);
        WeightsOnly network = WeightsOnly.of(saved)) {
      Tensor mapped = requireNonNull(network.stateDict().get("fc.weight"));

      assertThat(mapped.equal(saved.read("fc.weight"))).isTrue();
      requireNonNull(network.namedParameters().get("fc.weight")).copyFrom(Ops.zeros(6, 4));
      assertThat(mapped.count_nonzero().item_long()).isZero();
      assertThat(saved.read("fc.weight").count_nonzero().item_long()).isPositive();
    }
  }

  @Test
  void theForwardRefuses() {
    Path file = SavedModels.write(directory.resolve("net.safetensors"), "fc.weight", "6x4");
    try (PointerScope scope = new PointerScope();
        Checkpoint saved = Checkpoint.open(file);
        WeightsOnly network = WeightsOnly.of(saved)) {
      Tensor input = Ops.zeros(1, 4);
      assertThatThrownBy(() -> network.forward(input))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("has no forward");
    }
  }

  @Test
  void gpt2IsTransposedByItsConfig() {
    SavedModels.write(
        directory.resolve("model.safetensors"),
        "h.0.attn.c_proj.weight",
        "4x4",
        "h.0.attn.c_proj.bias",
        "4");
    SavedModels.text(directory.resolve("config.json"), "{\"model_type\": \"gpt2\"}");
    try (Checkpoint saved = Checkpoint.open(directory);
        WeightsOnly network = WeightsOnly.of(saved)) {
      assertThat(network.find("h.0.attn.c_proj")).isInstanceOf(TransposedLinear.class);
    }
  }

  @Test
  void withoutAConfigTheBiasOfOneLayerDecidesForAll() {
    Path file =
        SavedModels.write(
            directory.resolve("gpt2.safetensors"),
            "h.0.attn.c_attn.weight",
            "4x12",
            "h.0.attn.c_attn.bias",
            "12",
            "h.0.attn.c_proj.weight",
            "4x4",
            "h.0.attn.c_proj.bias",
            "4",
            "head.weight",
            "4x4",
            "head.bias",
            "4");
    try (Checkpoint saved = Checkpoint.open(file);
        WeightsOnly network = WeightsOnly.of(saved)) {
      assertThat(network.find("h.0.attn.c_attn")).isInstanceOf(TransposedLinear.class);
      assertThat(network.find("h.0.attn.c_proj")).isInstanceOf(TransposedLinear.class);
      assertThat(network.find("head")).isInstanceOf(Linear.class);
    }
  }

  @Test
  void unknownLayerIsNotATarget() {
    Path file =
        SavedModels.write(
            directory.resolve("net.safetensors"),
            "fc.weight",
            "6x4",
            "odd.weight",
            "6x4",
            "odd.scale",
            "6");
    try (Checkpoint saved = Checkpoint.open(file);
        WeightsOnly network = WeightsOnly.of(saved)) {
      assertThatThrownBy(() -> Lora.plan(network, LoraConfig.rank(2).targets(Targets.named("odd"))))
          .hasMessageContaining("'odd' is a UnknownModule, which can't be adapted");
    }
  }

  @Test
  void shardsAreOneNetwork() {
    SavedModels.write(directory.resolve("model-00001-of-00002.safetensors"), "a.weight", "2x3");
    SavedModels.write(directory.resolve("model-00002-of-00002.safetensors"), "b.weight", "3x2");
    SavedModels.text(
        directory.resolve("model.safetensors.index.json"),
        """
        {"weight_map": {"a.weight": "model-00001-of-00002.safetensors",
                        "b.weight": "model-00002-of-00002.safetensors"}}
        """);
    try (Checkpoint saved = Checkpoint.open(directory)) {
      assertThat(saved.infos()).containsOnlyKeys("a.weight", "b.weight");
      assertThat(saved.parameters()).isEqualTo(12);
      assertThat(saved.bytes()).isEqualTo(48);
    }
  }

  @Test
  void tiedHeadFollowsFromTheConfig() {
    SavedModels.write(directory.resolve("model.safetensors"), "model.embed_tokens.weight", "10x4");
    SavedModels.text(
        directory.resolve("config.json"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
    try (Checkpoint saved = Checkpoint.open(directory);
        WeightsOnly network = WeightsOnly.of(saved)) {
      assertThat(network.find("lm_head")).isInstanceOf(Linear.class);
      assertThat(network.tiedEmbedding()).contains("model.embed_tokens.weight");
    }
  }

  @Test
  void missingOrWrongMetadataIsNamed() {
    assertThatThrownBy(() -> Checkpoint.open(directory.resolve("gone")))
        .isInstanceOf(UserError.class)
        .hasMessage("there is no " + directory.resolve("gone"));
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            "no saved model in " + directory + ": neither model.safetensors nor");

    SavedModels.text(directory.resolve("model.ckpt"), "PK");
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("may hold code")
        .hasMessageContaining("save_pretrained");

    SavedModels.text(directory.resolve("pytorch_model.bin"), "PK");
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("pytorch_model.bin: expected a zip archive as torch.save writes it");

    SavedModels.text(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"a\": \"model-00001-of-00001.safetensors\"}}");
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("1 of 1 shards is missing: model-00001-of-00001.safetensors");

    SavedModels.write(directory.resolve("model-00001-of-00001.safetensors"), "b", "2");
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("key a: missing, though the index expects it here");

    SavedModels.text(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"a\": \"../elsewhere.safetensors\"}}");
    assertThatThrownBy(() -> Checkpoint.open(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("must be the name of a shard beside the index");
  }
}
