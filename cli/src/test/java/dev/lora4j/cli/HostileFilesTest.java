package dev.lora4j.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with absurd contents: each command ends with one message and no stack trace. */
class HostileFilesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path SHARED = Path.of("../../shared/cases");

  private final Path directory;
  private final Path model;

  HostileFilesTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    model = SmallLanguageModel.write(directory.resolve("model"));
  }

  private CommandLineRun generate(String... more) {
    List<String> arguments =
        Stream.concat(
                Stream.of("generate", "--raw", "--prompt", "Hello", "--max-new-tokens", "2"),
                Stream.concat(Stream.of("--model", model.toString()), Stream.of(more)))
            .toList();
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private CommandLineRun train(String... more) throws IOException {
    Path chats = SmallLanguageModel.chats(directory.resolve("chats.jsonl"), 8);
    return new SmallTraining(model, chats).train(chats, directory.resolve("out"), more);
  }

  private static void assertSentence(CommandLineRun run, int status, String... words) {
    assertThat(run.status()).as(run.err()).isEqualTo(status);
    assertThat(run.err())
        .contains(words)
        .containsOnlyOnce("lora: ")
        .doesNotContain("this is a bug", "\tat ", "Exception", "Error");
  }

  // ---- config.json ----

  private void setInConfig(String key, String value) throws IOException {
    Path file = model.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.readTree(value));
    Files.write(file, JSON.writeValueAsBytes(config));
  }

  @ParameterizedTest
  @CsvSource({
    "vocab_size, 2147483647, 600",
    "hidden_size, 2147483646, 32",
    "intermediate_size, 2147483647, 48",
    "num_hidden_layers, 1000000000, 2",
    "num_attention_heads, 2147483647, 32",
    "num_key_value_heads, 1073741824, 16",
    "head_dim, 1073741824, 32"
  })
  void sizeThatTheWeightsContradictIsRefusedBeforeItIsAllocated(
      String key, String value, String expected) throws IOException {
    setInConfig(key, value);
    String[] words = {"config.json", "`" + key + "`", "expected " + expected, value};
    if (key.equals("head_dim") || key.startsWith("num_a") || key.startsWith("num_k")) {
      words[1] = key;
    }
    assertSentence(generate(), 2, words);
    String gguf = directory.resolve("out.gguf").toString();
    assertSentence(CommandLineRun.of("convert", model.toString(), gguf), 2, words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rms_norm_eps | -1",
        "rms_norm_eps | 0",
        "rope_theta | 0",
        "rope_scaling | {\"rope_type\": \"linear\", \"factor\": 0}",
        "rope_scaling | {\"rope_type\": \"llama3\", \"factor\": 2, \"low_freq_factor\": 0}",
        "rope_scaling | {\"rope_type\": \"yarn\", \"factor\": 0}",
        "hidden_size | [[[[1]]]]"
      })
  void valueOutOfRangeIsRefusedByItsKey(String key, String value) throws IOException {
    setInConfig(key, value);
    assertSentence(generate(), 2, "config.json", key);
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "generation_config.json", "tokenizer.json"})
  void fileOfThreeGigabytesIsNotRead(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(model.resolve(name).toFile(), "rw")) {
      file.setLength(3L << 30);
    }
    assertSentence(generate(), 2, name, "expected at most");
  }

  @Test
  void deepJsonIsRefused() throws IOException {
    Files.writeString(model.resolve("config.json"), "{\"a\": ".repeat(100_000));
    assertSentence(generate(), 2, "config.json", "nesting depth");
  }

  // ---- weights that are not finite ----

  private static void spoil(Path weights, String name) {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(weights)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(key -> tensors.put(key, file.read(key)));
      requireNonNull(tensors.get(name)).flatten().select(0, 3).fill_(new Scalar(Double.NaN));
      SafetensorsWriter.write(weights, tensors, Map.of("format", "pt"));
    }
  }

  private Path adapter() {
    return SmallLanguageModel.adapter(model, directory.resolve("adapter"));
  }

  @Test
  void weightsWithNaNEndEveryCommandInASentence() throws IOException {
    Path adapter = adapter();
    String up = "model.layers.1.mlp.up_proj.weight";
    spoil(model.resolve("model.safetensors"), up);

    assertSentence(generate(), 1, "the logits of the next token are not finite", up);
    assertSentence(generate("--temperature", "1"), 1, "not finite", up);
    assertSentence(train("--steps", "1"), 1, "is NaN");
    String chats = directory.resolve("chats.jsonl").toString();
    CommandLineRun eval = CommandLineRun.of("eval", "--model", model.toString(), "--data", chats);
    assertSentence(eval, 1, "the mean loss is NaN");
    String out = directory.resolve("out.gguf").toString();
    assertSentence(CommandLineRun.of("convert", model.toString(), out), 2, up, "NaN or infinity");
    assertSentence(
        CommandLineRun.of(
            "merge",
            "--any-base",
            "--model",
            model.toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            out),
        2,
        up,
        "NaN or infinity");
    assertThat(Path.of(out)).doesNotExist();
  }

  @Test
  void unchangedWeightWithNaNIsNotMerged() throws IOException {
    Path adapter = adapter();
    spoil(model.resolve("model.safetensors"), "model.norm.weight");
    Path out = directory.resolve("merged");
    assertSentence(
        CommandLineRun.of(
            "merge",
            "--any-base",
            "--model",
            model.toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            out.toString()),
        2,
        "model.norm.weight",
        "NaN or infinity");
    assertThat(out).doesNotExist();
  }

  @Test
  void adapterWithNaNEndsEveryCommandInASentence() {
    Path adapter = adapter();
    String name = "base_model.model.model.layers.0.mlp.up_proj.lora_B.weight";
    spoil(adapter.resolve("adapter_model.safetensors"), name);
    String given = adapter.toString();
    String out = directory.resolve("out").toString();

    assertSentence(generate("--adapter", given), 1, "not finite", "up_proj");
    assertSentence(CommandLineRun.of("convert", given, out + "-mlx"), 2, name, "NaN or infinity");
    assertSentence(
        CommandLineRun.of("combine", "--adapter", given, "--method", "svd", "--out", out),
        2,
        name,
        "NaN or infinity");
  }

  // ---- adapter_config.json ----

  @ParameterizedTest
  @CsvSource({"r, 16777216", "r, 1000000000", "lora_alpha, 1e308"})
  void rankOrAlphaOutOfRangeIsRefused(String key, String value) throws IOException {
    Path adapter = adapter();
    Path file = adapter.resolve("adapter_config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.readTree(value));
    Files.write(file, JSON.writeValueAsBytes(config));
    String given = adapter.toString();
    String out = directory.resolve("out").toString();
    String word = key.equals("r") ? "`r`" : "alpha";

    assertSentence(generate("--adapter", given), 2, word);
    assertSentence(
        CommandLineRun.of("merge", "--model", model.toString(), "--adapter", given, "--out", out),
        2,
        word);
    assertSentence(
        CommandLineRun.of("combine", "--adapter", given, "--method", "svd", "--out", out), 2, word);
    assertSentence(CommandLineRun.of("convert", given, out + "-mlx"), 2, word);
  }

  // ---- options ----

  @ParameterizedTest
  @CsvSource({
    "--batch-size, batch-size",
    "--gradient-accumulation-steps, gradient-accumulation-steps",
    "--epochs, epochs",
    "--workers, workers"
  })
  void largestIntegerIsRefusedWithTheOption(String option, String word) throws IOException {
    assertSentence(train(option, "2147483647"), 2, word, "2147483647");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--eval-steps",
        "--save-steps",
        "--warmup-steps",
        "--seed",
        "--early-stopping-patience"
      })
  void largestIntegerIsAcceptedWhereItMakesSense(String option) throws IOException {
    CommandLineRun run = train("--steps", "1", option, "2147483647");
    assertThat(run.status()).as(run.err()).isZero();
  }

  @Test
  void pathWithANulCharacterIsRefused() throws IOException {
    Path yaml = directory.resolve("my.yaml");
    Files.writeString(yaml, "model: \"a\\0b\"\ndata: x.jsonl\n");
    assertSentence(
        CommandLineRun.of("train", "--config", yaml.toString()), 2, "not a valid path", "a\uFFFDb");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "target_modules: &a [*a, x] | target-modules",
        "target_modules: [&a [x, x], &b [*a, *a], *b] | target-modules",
        "target_modules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ | nesting"
      })
  void yamlThatWouldExpandIsRefused(String content, String word) throws IOException {
    Path yaml = directory.resolve("my.yaml");
    Files.writeString(yaml, content);
    CommandLineRun run = CommandLineRun.of("train", "--config", yaml.toString());
    assertThat(run.err().toLowerCase(Locale.ROOT)).contains(word);
    assertSentence(run, 2, "my.yaml");
  }

  // ---- the shared cases ----

  @Test
  void sharedHostileConfigsAndYamlAreRefused() throws IOException {
    assumeTrue(Files.isDirectory(SHARED), "no shared cases beside the checkout");
    Path configs = SHARED.resolve("hostile/configs");
    Path good = SHARED.resolve("_models/sm");
    for (Path file : files(configs)) {
      String name = file.getFileName().toString();
      copy(good, model);
      if (name.startsWith("cfg-")) {
        Files.write(model.resolve("config.json"), Files.readAllBytes(file));
        assertSentence(generate(), 2, "config.json");
      } else if (name.startsWith("shard-")) {
        Files.delete(model.resolve("model.safetensors"));
        Files.write(model.resolve("model.safetensors.index.json"), Files.readAllBytes(file));
        assertSentence(generate(), 2, "model.safetensors.index.json");
      }
    }
    for (Path file : files(SHARED.resolve("hostile/yaml"))) {
      assertSentence(
          CommandLineRun.of("train", "--config", file.toString()),
          2,
          file.getFileName().toString());
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    for (Path file : files(from)) {
      Files.write(to.resolve(file.getFileName().toString()), Files.readAllBytes(file));
    }
  }
}
