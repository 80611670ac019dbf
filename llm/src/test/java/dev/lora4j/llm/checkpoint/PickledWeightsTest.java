package dev.lora4j.llm.checkpoint;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.merge.Diagnosis;
import dev.lora4j.llm.merge.Doctor;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.merge.MergeSummary;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Models in {@code pytorch_model.bin}, which {@code tools/torch_fixtures.py} created from {@link
 * Families}: gpt2 in one file, llama3 in shards, both with the tied head that transformers writes;
 * llama2 in bfloat16 and float16 by turns.
 */
class PickledWeightsTest {
  private static final Path EVIL =
      Path.of("../core/src/test/resources/fixtures/torch/evil.bin").toAbsolutePath();
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private final PointerScope scope = new PointerScope();
  private final Path directory;

  PickledWeightsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Path pickled(String family) {
    return Fixture.path("pickled/" + family);
  }

  private Path copy(String family) throws IOException {
    Path copy = Files.createDirectory(directory.resolve(family));
    for (Path file : CheckpointFiles.list(pickled(family))) {
      Files.copy(file, copy.resolve(file.getFileName()));
    }
    return copy;
  }

  // ---- loading ----

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama3"})
  void modelEqualsThatOfTheSafetensorsBitForBit(String family) {
    try (Pretrained base = Pretrained.load(pickled(family));
        Pretrained same = Pretrained.load(SavedFamilies.directory(family))) {
      TensorAssert.assertSameState(base.model().stateDict(), same.model().stateDict());
      Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
      TensorAssert.assertThat(base.model().forward(tokens)).isExactly(same.model().forward(tokens));
    }
  }

  @Test
  void halfPrecisionIsConvertedExactly() {
    try (Pretrained base = Pretrained.load(pickled("llama2"));
        SafetensorsFile whole =
            SafetensorsFile.open(SavedFamilies.directory("llama2").resolve("model.safetensors"));
        Checkpoint halves = Checkpoint.open(pickled("llama2"))) {
      assertThat(halves.infos().values())
          .extracting(form -> form.dtype())
          .containsOnly(DType.BF16, DType.F16);
      Map<String, Tensor> expected = new LinkedHashMap<>();
      halves
          .infos()
          .forEach(
              (name, form) ->
                  expected.put(
                      name, whole.read(name).to(form.dtype().torch()).to(DType.F32.torch())));
      TensorAssert.assertSameState(base.model().stateDict(), expected);
    }
  }

  @Test
  void weightsOfTheRequestedDtypeAreMapped() {
    try (Pretrained base = Pretrained.load(pickled("gpt2"))) {
      long bytes = pickled("gpt2").resolve("pytorch_model.bin").toFile().length();
      assertThat(base.model().namedParameters().values())
          .allMatch(parameter -> parameter.value().storage().nbytes() == bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama3"})
  void peftAdapterTrainsAsInPeft(String family) {
    Fixture expected = SavedFamilies.expected(family);
    try (Pretrained base = Pretrained.load(pickled(family));
        Pretrained same = Pretrained.load(SavedFamilies.directory(family))) {
      Map<String, Parameter> trained = trainedByOneStep(base, family);
      Map<String, Parameter> reference = trainedByOneStep(same, family);
      assertThat(trained.keySet()).isEqualTo(reference.keySet()).isNotEmpty();
      trained.forEach(
          (path, parameter) ->
              TensorAssert.assertThat(parameter.value())
                  .as(path)
                  .isExactly(requireNonNull(reference.get(path)).value()));
      Tensor tokens = expected.tensor("tokens");
      TensorAssert.assertThat(base.model().forward(tokens)).isExactly(same.model().forward(tokens));
    }
  }

  /** PEFT's adapter before and after one gradient step. */
  private static Map<String, Parameter> trainedByOneStep(Pretrained base, String family) {
    Fixture expected = SavedFamilies.expected(family);
    LoraModel adapted = Lora.base(base.model());
    adapted.load("default", SavedFamilies.directory(family).resolve("adapter"));
    adapted.activate("default");
    Tensor tokens = expected.tensor("tokens");
    Tensor logits = base.model().forward(tokens);
    expected.check("adapted_logits", logits, 1e-4);
    long predicted = tokens.size(1) - 1;
    Ops.crossEntropySum(
            logits.narrow(1, 0, predicted).flatten(0, 1), tokens.narrow(1, 1, predicted).flatten())
        .backward();
    Map<String, Parameter> trained = new LinkedHashMap<>();
    base.model()
        .namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                Tensor value = parameter.value().detach();
                parameter.copyFrom(value.sub(parameter.value().grad()));
                trained.put(path, parameter);
              }
            });
    return trained;
  }

  @Test
  void untiedHeadWithSharedStorageIsIndependent() throws IOException {
    Path untied = copy("llama3");
    Path config = untied.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(
        config, text.replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));
    assertThat(Files.readString(config)).isNotEqualTo(text);
    try (Pretrained base = Pretrained.load(untied)) {
      Map<String, Parameter> parameters = base.model().namedParameters();
      Parameter head = requireNonNull(parameters.get(HEAD));
      Parameter embedding = requireNonNull(parameters.get(EMBEDDING));
      TensorAssert.assertThat(head.value()).isExactly(embedding.value());
      head.copyFrom(torch.zeros(head.shape()));
      assertThat(embedding.value().count_nonzero().item_long()).isPositive();
    }
  }

  @Test
  void savingWritesSafetensorsAndRefusesTheOldDirectory() throws IOException {
    Path base = copy("gpt2");
    try (Pretrained loaded = Pretrained.load(base)) {
      assertThatThrownBy(() -> loaded.save(base))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("holds other weights: pytorch_model.bin");
      loaded.save(directory.resolve("saved"));
    }
    try (Pretrained saved = Pretrained.load(directory.resolve("saved"));
        Pretrained same = Pretrained.load(SavedFamilies.directory("gpt2"))) {
      assertThat(directory.resolve("saved/model.safetensors")).exists();
      TensorAssert.assertSameState(saved.model().stateDict(), same.model().stateDict());
    }
  }

  // ---- merging ----

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama3"})
  void mergeOfAPickleEqualsThatOfSafetensors(String family) {
    List<Path> adapters = List.of(SavedFamilies.directory(family).resolve("adapter"));
    Path out = directory.resolve("out");
    Path reference = directory.resolve("reference");

    MergeSummary receipt = MergeJob.of(pickled(family), adapters).merge(out);
    MergeSummary expected = MergeJob.of(SavedFamilies.directory(family), adapters).merge(reference);

    assertThat(receipt.changes()).hasSameSizeAs(expected.changes());
    assertThat(out)
        .isDirectoryContaining("glob:**model.safetensors")
        .isDirectoryNotContaining("glob:**pytorch_model*");
    Map<String, Tensor> merged = read(out);
    Tensor head = requireNonNull(merged.remove(HEAD));
    Map<String, Tensor> wanted = read(reference);
    assertThat(merged.keySet()).isEqualTo(wanted.keySet());
    TensorAssert.assertSameState(merged, wanted);
    TensorAssert.assertThat(head)
        .isExactly(
            requireNonNull(
                merged.get(family.equals("gpt2") ? "transformer.wte.weight" : EMBEDDING)));
    try (Pretrained loaded = Pretrained.load(out)) {
      Tensor logits = loaded.model().forward(SavedFamilies.expected(family).tensor("tokens"));
      SavedFamilies.expected(family).check("adapted_logits", logits, 1e-4);
    }
  }

  @Test
  void singleFileIsMergedAndUnmerged() {
    Path file = pickled("gpt2").resolve("pytorch_model.bin");
    Path adapter = SavedFamilies.directory("gpt2").resolve("adapter");
    Path merged = directory.resolve("merged.safetensors");

    MergeJob.of(file, List.of(adapter)).merge(merged);
    MergeJob.of(merged, List.of(adapter)).unmerge(directory.resolve("again.safetensors"));

    try (Checkpoint before = Checkpoint.open(file);
        Checkpoint again = Checkpoint.open(directory.resolve("again.safetensors"))) {
      assertThat(again.infos()).isEqualTo(before.infos());
      before
          .infos()
          .keySet()
          .forEach(
              name ->
                  TensorAssert.assertThat(again.read(name))
                      .as(name)
                      .isCloseTo(before.read(name), 1e-5));
    }
  }

  @Test
  void aStoredHeadFollowsTheEmbeddingThatItIsTiedTo() {
    Path adapter =
        Adapters.random(
            pickled("llama3"),
            LoraConfig.rank(2)
                .targets(Targets.named("q_proj"))
                .trainableTokens(Map.of("embed_tokens", List.of(3L, 5L))),
            directory.resolve("adapter"));

    MergeJob.of(pickled("llama3"), List.of(adapter)).merge(directory.resolve("out"));

    Map<String, Tensor> merged = read(directory.resolve("out"));
    Tensor embedding = requireNonNull(merged.get(EMBEDDING));
    TensorAssert.assertThat(requireNonNull(merged.get(HEAD))).isExactly(embedding);
    try (Checkpoint base = Checkpoint.open(pickled("llama3"));
        Pretrained loaded = Pretrained.load(directory.resolve("out"))) {
      assertThat(embedding.equal(base.read(EMBEDDING))).isFalse();
      assertThat(loaded.model().hasTiedHead()).isTrue();
    }
  }

  @Test
  void doctorAndGgufExportReadIt() {
    Path adapter = SavedFamilies.directory("llama3").resolve("adapter");
    assertThat(Doctor.examine(pickled("llama3"), adapter).findings())
        .extracting(Diagnosis.Finding::what)
        .anyMatch(what -> what.contains("layers of the base, and all tensors fit"));
    GgufExport.run(pickled("llama3"), directory.resolve("llama3.gguf"), GgmlType.F32);
    try (Pretrained gguf = Pretrained.load(directory.resolve("llama3.gguf"))) {
      Tensor logits = gguf.model().forward(SavedFamilies.expected("llama3").tensor("tokens"));
      SavedFamilies.expected("llama3").check("logits", logits, 1e-4);
    }
  }

  private static Map<String, Tensor> read(Path saved) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoint.open(saved)) {
      checkpoint.infos().keySet().forEach(name -> tensors.put(name, checkpoint.read(name)));
    }
    return tensors;
  }

  // ---- choice of the file ----

  @Test
  void safetensorsWinWhereBothAreThere() throws IOException {
    Path both = copy("gpt2");
    Files.writeString(both.resolve("pytorch_model.bin"), "no archive");
    Files.copy(
        SavedFamilies.directory("gpt2").resolve("model.safetensors"),
        both.resolve("model.safetensors"));
    try (Pretrained loaded = Pretrained.load(both);
        Checkpoint checkpoint = Checkpoint.open(both)) {
      assertThat(loaded.model().stateDict()).isNotEmpty();
      assertThat(checkpoint.infos()).doesNotContainKey(HEAD);
    }
  }

  @Test
  void allMissingShardsAreNamed() throws IOException {
    Path part = copy("llama3");
    Files.delete(part.resolve("pytorch_model-00001-of-00003.bin"));
    Files.delete(part.resolve("pytorch_model-00003-of-00003.bin"));
    String missing =
        "pytorch_model.bin.index.json: 2 of 3 shards are missing: pytorch_model-00001-of-00003.bin,"
            + " pytorch_model-00003-of-00003.bin; download them again";
    assertThatThrownBy(() -> Pretrained.load(part))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(missing);
    assertThatThrownBy(() -> Checkpoint.open(part))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(missing);
  }

  @ParameterizedTest
  @CsvSource({
    "../pytorch_model.bin, must be the name of a shard beside the index",
    "model.safetensors, must be the name of a shard beside the index",
    "pytorch_model-00002-of-00003.bin, model.norm.weight",
  })
  void indexThatDisagreesWithTheShardsIsRefused(String shard, String told) throws IOException {
    Path wrong = copy("llama3");
    Path index = wrong.resolve("pytorch_model.bin.index.json");
    String norm = "\"model.norm.weight\": \"";
    Files.writeString(
        index, Files.readString(index).replaceAll(norm + "[^\"]*\"", norm + shard + "\""));
    assertThatThrownBy(() -> Pretrained.load(wrong))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(told);
    assertThatThrownBy(() -> Checkpoint.open(wrong))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(told);
  }

  // ---- refusals ----

  @Test
  void pickleThatNeedsCodeIsRefusedByName() throws IOException {
    Path evil = copy("gpt2");
    Files.delete(evil.resolve("pytorch_model.bin"));
    Files.copy(EVIL, evil.resolve("pytorch_model.bin"));
    String told = "pytorch_model.bin: asks to call posix.system";
    assertThatThrownBy(() -> Pretrained.load(evil))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(told);
    assertThatThrownBy(() -> Checkpoint.open(evil)).hasMessageContaining(told);
    assertThatThrownBy(() -> Checkpoint.open(evil.resolve("pytorch_model.bin")))
        .hasMessageContaining(told);
  }

  @Test
  void aDamagedFileIsRefusedWithItsName() throws IOException {
    Path damaged = copy("llama3");
    Path shard = damaged.resolve("pytorch_model-00002-of-00003.bin");
    byte[] whole = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(whole, whole.length - 100));
    assertThatThrownBy(() -> Pretrained.load(damaged))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(shard + ": not a whole file of torch.save");
    assertThatThrownBy(() -> Checkpoint.open(damaged)).hasMessageContaining(shard.toString());
  }

  @Test
  void stateDictOfAnotherNameMustBeGivenAsAFile() throws IOException {
    Path base = copy("gpt2");
    Files.move(base.resolve("pytorch_model.bin"), base.resolve("weights.pth"));
    assertThatThrownBy(() -> Checkpoint.open(base))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("if it is weights.pth, give the path of that file");
    try (Checkpoint named = Checkpoint.open(base.resolve("weights.pth"))) {
      assertThat(named.infos()).containsKey(HEAD);
    }
  }
}
