package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading, merging and saving agree on what a checkpoint is and on its config's dtype fields. */
class CheckpointAgreementTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LAST_SHARD = "model-00003-of-00003.safetensors";
  private final Path directory;

  CheckpointAgreementTest(@TempDir Path directory) {
    this.directory = directory;
  }

  // ---- reading ----

  @Test
  void tensorInTwoShardsIsRefusedByEveryReader() throws IOException {
    Path sharded = qwen3();
    String name = "model.norm.weight";
    try (PointerScope scope = new PointerScope()) {
      for (int i = 1; i <= 3; i++) {
        Path shard = sharded.resolve("model-0000%d-of-00003.safetensors".formatted(i));
        addTensor(shard, name);
      }
    }
    everyReaderRefuses(sharded, name);
  }

  @Test
  void missingShardIsRefusedByEveryReaderInTheSameWords() throws IOException {
    Path sharded = qwen3();
    Files.delete(sharded.resolve(LAST_SHARD));
    everyReaderRefuses(
        sharded,
        "model.safetensors.index.json: 1 of 3 shards is missing: "
            + LAST_SHARD
            + "; download it again");
  }

  private void everyReaderRefuses(Path base, String message) {
    Path adapter = Path.of("no-adapter-is-read-before-the-base");
    List<ThrowingCallable> readers =
        List.of(
            () -> Pretrained.load(base).close(),
            () -> Checkpoint.open(base).close(),
            () -> GgufExport.run(base, directory.resolve("out.gguf"), GgmlType.F32),
            () -> MergeJob.of(base, List.of(adapter)).merge(directory.resolve("merged")));
    for (ThrowingCallable reader : readers) {
      assertThatThrownBy(reader).isInstanceOf(CorruptFile.class).hasMessageContaining(message);
    }
  }

  private Path qwen3() throws IOException {
    Path copy = Files.createDirectory(directory.resolve("qwen3"));
    try (var files = Files.list(SavedFamilies.directory("qwen3"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  /** Adds a tensor to a shard. */
  private static void addTensor(Path shard, String name) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(shard)) {
      file.names().forEach(own -> tensors.put(own, file.read(own)));
    }
    tensors.put(name, org.bytedeco.pytorch.global.torch.zeros(32));
    SafetensorsWriter.write(shard, tensors, Map.of("format", "pt"));
  }

  // ---- the config's dtype ----

  @Test
  void savingSetsEveryDtypeFieldOfTheConfig() throws IOException {
    Path base = directory.resolve("base");
    try (Pretrained llama = Pretrained.load(SavedFamilies.directory("llama2"))) {
      llama.save(base);
    }
    ObjectNode config = config(base).deepCopy();
    config.put("dtype", "float32").put("torch_dtype", "float32");
    config.putObject("text_config").put("dtype", "float32");
    Files.write(base.resolve("config.json"), JSON.writeValueAsBytes(config));

    Path saved = directory.resolve("saved");
    try (Pretrained llama = Pretrained.load(base)) {
      llama.save(saved, SaveOptions.oneFile().as(DType.BF16));
    }
    assertThat(config(saved).path("dtype").asText()).isEqualTo("bfloat16");
    assertThat(config(saved).path("torch_dtype").asText()).isEqualTo("bfloat16");
    assertThat(config(saved).path("text_config").path("dtype").asText()).isEqualTo("bfloat16");
  }

  @Test
  void mergingToADtypeNamesItInAConfigThatNamedNone() throws IOException {
    Path base = directory.resolve("base");
    SavedModels.write(
        base.resolve("model.safetensors"), "model.layers.0.self_attn.q_proj.weight", "8x8");
    SavedModels.text(base.resolve("config.json"), "{\"model_type\": \"llama\"}");
    Path adapter = Adapters.random(base, LoraConfig.rank(2), directory.resolve("adapter"));

    Path merged = directory.resolve("merged");
    MergeJob.of(base, List.of(adapter)).as(DType.BF16).merge(merged);
    assertThat(config(merged).path("dtype").asText()).isEqualTo("bfloat16");

    Path untouched = directory.resolve("untouched");
    MergeJob.of(base, List.of(adapter)).merge(untouched);
    assertThat(config(untouched).has("dtype")).isFalse();
  }

  private static JsonNode config(Path model) throws IOException {
    return JSON.readTree(Files.readAllBytes(model.resolve("config.json")));
  }
}
