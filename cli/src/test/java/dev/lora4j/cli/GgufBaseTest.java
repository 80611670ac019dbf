package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.export.GgufExport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command with a quantised GGUF file as the model. */
class GgufBaseTest {
  private static final Path FIXTURES = Path.of("../llm/src/test/resources/fixtures/gguf");

  private final Path directory;
  private final Path gguf;
  private final Path adapter;
  private final Path chats;

  GgufBaseTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    adapter = directory.resolve("adapter");
    chats = SmallLanguageModel.chats(directory.resolve("chats.jsonl"), 12);
    gguf = directory.resolve("base.gguf");
    Path source = SavedTextModel.chatty(directory.resolve("source"));
    GgufExport.run(source, gguf, GgmlType.Q8_0);
  }

  private static CommandLineRun run(String... arguments) {
    CommandLineRun run = CommandLineRun.of(arguments);
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }

  private static JsonNode json(String... arguments) throws IOException {
    return new ObjectMapper().readTree(run(arguments).out());
  }

  private static void assertRefused(String message, String... arguments) {
    CommandLineRun run = CommandLineRun.of(arguments);
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }

  private CommandLineRun train() {
    return run(
        "train",
        "--model",
        gguf.toString(),
        "--data",
        chats.toString(),
        "--out",
        adapter.toString(),
        "--steps",
        "12",
        "--lr",
        "3e-2",
        "--workers",
        "2");
  }

  private double adaptedNll() throws IOException {
    return nll(gguf, "--adapter", adapter.toString());
  }

  private double nll(Path model, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of("eval", "--model", model.toString(), "--data", chats.toString(), "--json"));
    arguments.addAll(List.of(more));
    return json(arguments.toArray(String[]::new)).at("/nll").asDouble();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  // ---- training and generation ----

  @Test
  void convertingADirectoryWithoutAGgufNameIsRefused() {
    String source = directory.resolve("source").toString();
    Path out = directory.resolve("named");

    assertRefused("such as " + out + ".gguf", "convert", source, out.toString());
    assertRefused(
        "--max-shard-size applies to model directories",
        "convert",
        source,
        out + ".gguf",
        "--max-shard-size",
        "1MB");
    assertThat(out).doesNotExist();
  }

  @Test
  void trainingWritesTheTokenizerNextToTheAdapter() throws IOException {
    train();

    assertThat(adaptedNll()).isLessThan(nll(gguf) - 0.01);
    JsonNode config =
        new ObjectMapper().readTree(Files.readString(adapter.resolve("tokenizer_config.json")));
    assertThat(config.at("/chat_template").asText()).contains("<|im_start|>");
    assertThat(adapter)
        .isDirectoryContaining("glob:**/tokenizer.json")
        .isDirectoryContaining("glob:**/special_tokens_map.json")
        .isDirectoryContaining("glob:**/generation_config.json");
    assertThat(Files.readString(adapter.resolve("run.yaml")))
        .contains("model: \"../" + gguf.getFileName());
  }

  @Test
  void finishedRunCanBeResumed() {
    train();
    run("train", "--resume", "--out", adapter.toString());
  }

  @Test
  void generationWorksWithAndWithoutAnAdapterOfTheSameTokenizer() throws IOException {
    train();
    String[] ask = {"generate", "--model", gguf.toString(), "--prompt", "What is 3?", "--json"};
    String[] adapted =
        Stream.of(ask, new String[] {"--adapter", adapter.toString()})
            .flatMap(Stream::of)
            .toArray(String[]::new);

    assertThat(json(ask).at("/prompt_tokens").asInt()).isGreaterThan(5);
    assertThat(json(adapted).at("/adapters/0").asText()).isEqualTo("adapter");
    assertThat(run(adapted).err()).doesNotContain("brings its own");
  }

  @Test
  void chatAnswersFromAPipe() {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("Hello\n".getBytes(StandardCharsets.UTF_8)));
    try {
      String[] chat = {"chat", "--model", gguf.toString(), "--max-new-tokens", "4", "--json"};
      assertThat(run(chat).out()).contains("\"text\"");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void dataAreShownInTheChatTemplateOfTheFile() {
    CommandLineRun run = run("data", chats.toString(), "--model", gguf.toString());
    assertThat(run.out()).contains("12 examples of 12 rows", "<|im_start|>user");
  }

  /** Files written by the gguf package; their weights are all zero. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2", "llama3", "smollm2"})
  void filesOfTheGgufPackageAreAccepted(String name) {
    String file = FIXTURES.resolve("tokenizer_" + name + ".gguf").toString();
    String[] model = {"--model", file};

    run(with("generate", model, "--prompt", "Hi", "--max-new-tokens", "2"));
    run(with("eval", model, "--data", chats.toString()));
    run(with("data", model, chats.toString()));
    run(with("train", model, "--data", chats.toString(), "--out", at(name), "--steps", "1"));
    assertThat(directory.resolve(name).resolve("tokenizer.json")).exists();
  }

  // ---- merging ----

  @Test
  void mergingGgufIntoADirectoryKeepsTheLoss() throws IOException {
    train();
    Path out = directory.resolve("merged");

    CommandLineRun run = merge(gguf, out, "--dtype", "float32", "--verbose");

    assertThat(run.out()).contains("model.layers.0.self_attn.q_proj.weight", " to " + out);
    assertThat(nll(out)).isCloseTo(adaptedNll(), within(1e-5));
    assertThat(names()).containsExactly("adapter", "base.gguf", "chats.jsonl", "merged", "source");
  }

  @Test
  void mergingGgufIntoGgufKeepsTheLoss() throws IOException {
    train();
    Path out = directory.resolve("merged.gguf");

    merge(gguf, out, "--dtype", "float32");

    assertThat(nll(out)).isCloseTo(adaptedNll(), within(1e-5));
    assertThat(names())
        .containsExactly("adapter", "base.gguf", "chats.jsonl", "merged.gguf", "source");
  }

  @Test
  void mergingADirectoryIntoGgufEqualsMergingThenConverting() throws IOException {
    train();
    Path base = directory.resolve("base");
    run("convert", gguf.toString(), base.toString(), "--dtype", "float32");
    Path oneStep = directory.resolve("one.gguf");
    Path twoSteps = directory.resolve("two.gguf");

    CommandLineRun run = merge(base, oneStep, "--dtype", "q8_0");
    merge(base, directory.resolve("merged"));
    run("convert", directory.resolve("merged").toString(), twoSteps.toString(), "--dtype", "q8_0");

    assertThat(run.out()).contains("rounding alone", " to " + oneStep);
    assertThat(oneStep).hasSameBinaryContentAs(twoSteps);
  }

  @Test
  void failedMergeLeavesNoFilesBehind() throws IOException {
    train();
    Path base = directory.resolve("base");
    run("convert", gguf.toString(), base.toString(), "--dtype", "float32");
    Files.writeString(base.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Unigram\"}}");
    List<String> before = names();
    String[] merge = {"merge", "--adapter", adapter.toString(), "--out", at("out.gguf"), "--model"};

    assertRefused("only BPE can be written to GGUF", with(merge, base.toString()));
    Path other = FIXTURES.resolve("qwen3.gguf");
    assertRefused("does not fit the base", with(merge, other.toString(), "--any-base"));
    assertThat(names()).isEqualTo(before);
  }

  @Test
  void badInputIsReportedBeforeTheWork() {
    String[] merge = {"merge", "--model", gguf.toString(), "--adapter", "gone", "--out"};
    assertRefused("no adapter in gone", with(merge, at("out")));
    assertRefused("no adapter in gone", with(merge, at("out.gguf")));
    assertRefused("q8_0 applies to GGUF models", with(merge, at("out"), "--dtype", "q8_0"));
    assertRefused("unknown data type 'q9'", with(merge, at("out.gguf"), "--dtype", "q9"));
    assertRefused(
        "--max-shard-size applies to directories",
        with(merge, at("out.gguf"), "--max-shard-size", "1GB"));
  }

  private String at(String name) {
    return directory.resolve(name).toString();
  }

  private static String[] with(String command, String[] first, String... more) {
    return with(with(new String[] {command}, first), more);
  }

  private static String[] with(String[] first, String... more) {
    return Stream.of(first, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private CommandLineRun merge(Path base, Path out, String... more) {
    String[] merge = {
      "merge", "--model", base.toString(), "--adapter", adapter.toString(), "--out", out.toString()
    };
    return run(with(merge, more));
  }
}
