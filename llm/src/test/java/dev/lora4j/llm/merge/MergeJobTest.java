package dev.lora4j.llm.merge;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Adapters;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.SavedModels;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.vision.ConvNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeJobTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(4);

  private final Path directory;
  private final PointerScope scope = new PointerScope();

  MergeJobTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void mergedFileEqualsMergingInMemory() {
    try (ConvNet net = new ConvNet()) {
      Path base = directory.resolve("base.safetensors");
      SafetensorsWriter.write(base, net.stateDict(), Map.of());
      Path first = Adapters.random(base, CONFIG, directory.resolve("first"));
      Path second = Adapters.random(base, CONFIG.dora(true), directory.resolve("second"));
      Path out = directory.resolve("merged.safetensors");

      MergeSummary receipt = MergeJob.of(base, List.of(first, second)).merge(out);

      LoraModel model = Lora.base(net);
      model.load("first", first);
      model.load("second", second);
      model.activate("first", "second");
      model.merge();
      model.unload();
      Map<String, Tensor> merged = read(out);
      assertThat(merged).containsOnlyKeys(net.stateDict().keySet());
      net.stateDict().forEach((name, value) -> assertThat(value.equal(merged.get(name))).isTrue());
      assertThat(receipt.changes())
          .extracting(MergeSummary.Change::tensor)
          .containsExactlyInAnyOrder("fc1.weight", "fc2.weight", "fc3.weight");
      assertThat(receipt.changes()).allMatch(change -> change.largest() > 0 && change.lost() == 0);
    }
  }

  @Test
  void aNarrowBaseIsRoundedOnce() {
    Path base = llama(ScalarType.BFloat16);
    Path adapter = Adapters.random(base, CONFIG, directory.resolve("adapter"));

    MergeSummary receipt =
        MergeJob.of(base, List.of(adapter)).merge(directory.resolve("m.safetensors"));
    MergeJob.of(base, List.of(adapter)).as(DType.F32).merge(directory.resolve("wide.safetensors"));

    Map<String, Tensor> wide = read(directory.resolve("wide.safetensors"));
    read(directory.resolve("m.safetensors"))
        .forEach(
            (name, tensor) -> {
              assertThat(DType.of(tensor.scalar_type())).contains(DType.BF16);
              assertThat(tensor.equal(requireNonNull(wide.get(name)).to(ScalarType.BFloat16)))
                  .isTrue();
            });
    assertThat(receipt.changes()).anyMatch(change -> change.rounding() > 0);
  }

  @Test
  void mergedDirectoryHasAllOtherFilesOfTheBase() throws IOException {
    Path base = directory.resolve("base");
    llama(base, ScalarType.Float);
    SavedModels.text(base.resolve("tokenizer.json"), "{\"a\": 1}");
    SavedModels.text(base.resolve("pytorch_model.bin"), "PK");
    Path adapter = Adapters.random(base, CONFIG, directory.resolve("adapter"));
    Path out = directory.resolve("merged");

    MergeSummary receipt = MergeJob.of(base, List.of(adapter)).shardsOf(300).merge(out);

    assertThat(out.resolve("tokenizer.json")).hasContent("{\"a\": 1}");
    assertThat(Files.readAllBytes(out.resolve("config.json")))
        .isEqualTo(Files.readAllBytes(base.resolve("config.json")));
    assertThat(out.resolve("pytorch_model.bin")).doesNotExist();
    assertThat(out.resolve("model.safetensors.index.json")).exists();
    assertThat(out.resolve("model.safetensors")).doesNotExist();
    try (Checkpoint merged = Checkpoint.open(out);
        Checkpoint before = Checkpoint.open(base)) {
      assertThat(merged.infos().keySet()).isEqualTo(before.infos().keySet());
      assertThat(merged.read("model.norm.weight").equal(before.read("model.norm.weight"))).isTrue();
    }
    assertThat(receipt.tensors()).isEqualTo(4);
    try (var files = Files.list(directory)) {
      assertThat(files.filter(f -> String.valueOf(f.getFileName()).startsWith("."))).isEmpty();
    }
  }

  @Test
  void linkOutOfTheBaseIsRefusedUnlessItLeadsToTheBlobsOfTheHubsCache() throws IOException {
    Path base = directory.resolve("models--org--model/snapshots/0123");
    llama(base, ScalarType.Float);
    Path adapter = Adapters.random(base, CONFIG, directory.resolve("adapter"));
    SavedModels.text(directory.resolve("models--org--model/blobs/4567"), "{\"a\": 1}");
    SavedModels.text(directory.resolve("secret"), "key");
    Files.createSymbolicLink(base.resolve("tokenizer.json"), Path.of("../../blobs/4567"));
    Files.createSymbolicLink(base.resolve("inside.json"), Path.of("config.json"));
    Path out = directory.resolve("merged");
    MergeJob job = MergeJob.of(base, List.of(adapter));
    job.merge(out);
    assertThat(out.resolve("tokenizer.json")).isRegularFile().hasContent("{\"a\": 1}");

    Files.createSymbolicLink(base.resolve("notes.txt"), directory.resolve("secret"));
    Path other = directory.resolve("other");
    assertThatThrownBy(() -> job.merge(other))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("notes.txt is a symbolic link to")
        .hasMessageContaining("outside the model's directory");
    assertThat(other).doesNotExist();
  }

  @Test
  void nothingIsWrittenIfAValueIsNotFinite() throws IOException {
    Path base = llama(ScalarType.Float);
    Path adapter = Adapters.random(base, CONFIG.alpha(1e38), directory.resolve("adapter"));
    Path out = directory.resolve("merged");

    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).as(DType.F16).merge(out))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("too large for F16; use --dtype BF16 or F32; nothing was written");
    assertThat(out).doesNotExist();
    try (var files = Files.list(directory)) {
      assertThat(files.filter(f -> String.valueOf(f.getFileName()).startsWith("."))).isEmpty();
    }
  }

  @Test
  void anAdapterOfATiedHeadCutsTheTie() throws IOException {
    Path base = directory.resolve("base");
    llama(base, ScalarType.Float);
    SavedModels.text(
        base.resolve("config.json"),
        "{\"architectures\": [\"LlamaForCausalLM\"], \"tie_word_embeddings\": true}");
    Path adapter =
        Adapters.random(
            base, CONFIG.targets(Targets.named("lm_head")), directory.resolve("adapter"));

    MergeSummary receipt = MergeJob.of(base, List.of(adapter)).merge(directory.resolve("merged"));

    Map<String, Tensor> merged = read(directory.resolve("merged/model.safetensors"));
    Map<String, Tensor> before = read(base.resolve("model.safetensors"));
    Tensor embedding = requireNonNull(before.get("model.embed_tokens.weight"));
    assertThat(requireNonNull(merged.get("model.embed_tokens.weight")).equal(embedding)).isTrue();
    assertThat(requireNonNull(merged.get("lm_head.weight")).equal(embedding)).isFalse();
    assertThat(Files.readString(directory.resolve("merged/config.json")))
        .contains("\"tie_word_embeddings\" : false");
    assertThat(receipt.notes()).anyMatch(note -> note.contains("is no longer"));
    assertThatThrownBy(
            () -> MergeJob.of(base, List.of(adapter)).merge(directory.resolve("m.safetensors")))
        .hasMessageContaining("write a directory instead");
  }

  @Test
  void tieThatNoAdapterTouchesIsKept() throws IOException {
    Path base = directory.resolve("base");
    llama(base, ScalarType.Float);
    Path adapter =
        Adapters.random(
            base, CONFIG.targets(Targets.named("q_proj")), directory.resolve("adapter"));

    MergeJob.of(base, List.of(adapter)).merge(directory.resolve("merged"));

    assertThat(read(directory.resolve("merged/model.safetensors")))
        .doesNotContainKey("lm_head.weight");
  }

  @Test
  void mergedAdapterCanBeUnmerged() {
    Path base = llama(ScalarType.Float);
    Path adapter = Adapters.random(base, CONFIG, directory.resolve("adapter"));
    MergeJob.of(base, List.of(adapter)).merge(directory.resolve("merged.safetensors"));

    MergeSummary receipt =
        MergeJob.of(directory.resolve("merged.safetensors"), List.of(adapter))
            .unmerge(directory.resolve("again.safetensors"));

    Map<String, Tensor> again = read(directory.resolve("again.safetensors"));
    read(base)
        .forEach(
            (name, tensor) ->
                assertThat(largestDifference(requireNonNull(again.get(name)), tensor))
                    .isLessThan(1e-6));
    assertThat(receipt.notes()).anyMatch(note -> note.startsWith("not the base bit for bit"));
  }

  @Test
  void irreversibleAdapterIsNotUnmerged() {
    Path base = llama(ScalarType.Float);
    Path adapter = Adapters.random(base, CONFIG.dora(true), directory.resolve("adapter"));

    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).unmerge(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("use_dora rescales every output")
        .hasMessageContaining("Use the base from before the merge");
  }

  @Test
  void baseWithAnotherPathPrefixIsFound() {
    Path whole = llama(ScalarType.Float);
    Path adapter = Adapters.random(whole, CONFIG, directory.resolve("adapter"));
    Path bare = directory.resolve("bare.safetensors");
    Map<String, Tensor> renamed = new LinkedHashMap<>();
    read(whole).forEach((name, tensor) -> renamed.put(name.substring("model.".length()), tensor));
    SafetensorsWriter.write(bare, renamed, Map.of());

    MergeSummary receipt =
        MergeJob.of(bare, List.of(adapter)).merge(directory.resolve("merged.safetensors"));

    assertThat(receipt.notes())
        .contains(
            "the adapter's paths begin with 'model.', which the base's don't: treated as the same");
    assertThat(receipt.changes())
        .extracting(MergeSummary.Change::tensor)
        .containsExactlyInAnyOrder(
            "layers.0.self_attn.q_proj.weight", "layers.0.mlp.up_proj.weight");
  }

  @Test
  void mismatchIsReported() {
    Path base = llama(ScalarType.Float);
    Path other =
        SavedModels.write(
            directory.resolve("other.safetensors"), "model.layers.0.x_proj.weight", "3x2");
    Path adapter = Adapters.random(other, CONFIG, directory.resolve("adapter"));
    Path out = directory.resolve("out");

    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).merge(out))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not fit the base; 'lora doctor' says why");
    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter, adapter)).merge(out))
        .hasMessageContaining("is given twice");
    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).merge(directory))
        .hasMessageContaining("it is not empty");
    assertThatThrownBy(() -> MergeJob.of(base, List.of())).hasMessageContaining("no adapter");
    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).as(DType.I8))
        .hasMessageContaining("can't be written as I8");
  }

  @Test
  void aQuantizedBaseIsRefused() {
    Path base = directory.resolve("base");
    llama(base, ScalarType.Float);
    Path adapter = Adapters.random(base, CONFIG, directory.resolve("adapter"));
    SavedModels.text(
        base.resolve("config.json"), "{\"quantization_config\": {\"quant_method\": \"gptq\"}}");

    assertThatThrownBy(() -> MergeJob.of(base, List.of(adapter)).merge(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "quant_method` is gptq, which is not supported; supported: bitsandbytes");
  }

  private Path llama(ScalarType dtype) {
    return llama(directory.resolve("llama"), dtype).resolve("model.safetensors");
  }

  private static Path llama(Path base, ScalarType dtype) {
    SavedModels.write(
        base.resolve("model.safetensors"),
        dtype,
        "model.embed_tokens.weight",
        "16x8",
        "model.layers.0.self_attn.q_proj.weight",
        "8x8",
        "model.layers.0.mlp.up_proj.weight",
        "12x8",
        "model.norm.weight",
        "8");
    SavedModels.text(base.resolve("config.json"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
    return base;
  }

  private static Map<String, Tensor> read(Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      open.names().forEach(name -> tensors.put(name, open.read(name)));
    }
    return tensors;
  }

  private static double largestDifference(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item_double();
  }
}
