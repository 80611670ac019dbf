package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
  private final Path directory;
  private final String base;

  PlanCommandTest(@TempDir Path directory) {
    this.directory = directory;
    base = SavedConvNet.base(directory.resolve("net.safetensors")).toString();
  }

  @Test
  void planListsEachLayerAndTheTotal() {
    CommandLineRun run = CommandLineRun.of("plan", base, "--rank", "4", "--alpha", "8");

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .containsPattern("fc1 +Linear +\\[120, 400] +4 +2 +2,080 +8.3 kB")
        .contains(
            "3 modules; trainable parameters: 3,272 (4.4 % of 74,838 in the base), 13.1 kB in float32");
  }

  @ParameterizedTest
  @CsvSource({"true, 2", "false, 1"})
  void alphaIsByDefaultTheOneOfTraining(boolean languageModel, double scaling) throws IOException {
    String planned = languageModel ? "../llm/src/test/resources/fixtures/llm/llama3" : base;
    CommandLineRun run = CommandLineRun.of("plan", planned, "--rank=4", "--json");

    assertThat(new ObjectMapper().readTree(run.out()).at("/modules/0/scaling").asDouble())
        .isEqualTo(scaling);
  }

  @Test
  void optionsChangeTheParameterCount() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            "plan", base, "--rank=4", "--target-modules=fc1,fc2", "--dora", "--rslora", "--json");

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/modules")).hasSize(2);
    assertThat(json.at("/modules/0/path").asText()).isEqualTo("fc1");
    assertThat(json.at("/modules/0/scaling").asDouble()).isEqualTo(2);
    assertThat(json.at("/modules/0/parameters").asInt()).isEqualTo(4 * (400 + 120) + 120);
    assertThat(json.at("/base_parameters").asInt()).isEqualTo(74838);
  }

  @Test
  void configFileReplacesTheOptions() throws IOException {
    Path adapter =
        SavedConvNet.adapter(directory.resolve("adapter"), LoraConfig.rank(2).alpha(2), 1);

    CommandLineRun run =
        CommandLineRun.of(
            "plan", base, "--config", adapter.resolve("adapter_config.json").toString(), "--json");

    assertThat(new ObjectMapper().readTree(run.out()).at("/parameters").asInt()).isEqualTo(1636);
  }

  @Test
  void memoryOfARunIsEstimated() {
    CommandLineRun run = CommandLineRun.of("plan", base, "--target-modules", "fc1");
    assertThat(run.out())
        .containsPattern(
            "A run needs about [\\d.]+ kB for the base in float32, and [\\d.]+ kB for the trainable");
  }

  @Test
  void regexMatchesWholePaths() throws IOException {
    CommandLineRun run = CommandLineRun.of("plan", base, "--target-regex", "fc[12]", "--json");

    assertThat(new ObjectMapper().readTree(run.out()).at("/modules")).hasSize(2);
  }

  @Test
  void badInputIsReportedInASentence() {
    assertMistake("no module matches 'fc4'; did you mean fc1", "--target-modules", "fc4");
    assertMistake("rank must be at least 1, found 0", "--rank", "0");
    assertMistake("--config sets rank, alpha", "--config", "x.json", "--rank", "4");
    assertMistake("cannot read gone.json: there is no such file", "--config", "gone.json");
    assertMistake("mutually exclusive", "--target-modules", "fc1", "--target-regex", "fc.");
    assertMistake("not a regular expression", "--target-regex", "fc[");
  }

  private void assertMistake(String message, String... options) {
    String[] arguments = new String[options.length + 2];
    arguments[0] = "plan";
    arguments[1] = base;
    System.arraycopy(options, 0, arguments, 2, options.length);

    CommandLineRun run = CommandLineRun.of(arguments);

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("lora: ").contains(message).doesNotContain("\tat ");
  }

  @Test
  void torchScriptFileIsPlannedWithWhatIsKnownOfItsCost() throws IOException {
    CommandLineRun run =
        CommandLineRun.of("plan", TrainCommandTest.MODEL, "--rank=4", "--target-modules=fc1,conv2");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("fc1 +Linear +\\[120, 400] +4 +1 +2,080 +8.3 kB")
        .contains("trainable parameters: 2,744", "of 74,838 in the base")
        .contains("2 convolutions are not adapted: conv1, conv3")
        .contains("2 linear layers are not adapted: fc2, fc3")
        .contains("Memory in training: 299.4 kB for the base", "Not known before the first batch");

    JsonNode json =
        new ObjectMapper()
            .readTree(CommandLineRun.of("plan", TrainCommandTest.MODEL, "--json").out());
    assertThat(json.at("/base_parameters").asInt()).isEqualTo(74838);
    assertThat(json.at("/memory/base_bytes").asInt()).isEqualTo(4 * 74838);
    assertThat(json.at("/seconds_per_step").isNull()).isTrue();
    assertMistakeOf(
        TrainCommandTest.MODEL,
        "no module matches 'fc4'; did you mean fc1",
        "--target-modules=fc4");
  }

  private static void assertMistakeOf(String file, String message, String option) {
    CommandLineRun run = CommandLineRun.of("plan", file, option);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }

  @Test
  void ggufFileIsPlannedInItsBlocks() throws IOException {
    String file = "../llm/src/test/resources/fixtures/gguf/llama3.gguf";
    JsonNode json =
        new ObjectMapper().readTree(CommandLineRun.of("plan", file, "--rank=4", "--json").out());

    assertThat(json.at("/memory/training/base")).isEqualTo(json.at("/memory/base_bytes/stored"));
    assertThat(json.at("/memory/base_bytes/stored").asLong()).isPositive();
  }

  private String gpt2Large() throws IOException {
    Path file = directory.resolve("config.json");
    Files.writeString(
        file,
        """
        {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 1280, "n_layer": 36, "n_head": 20,
         "n_positions": 1024, "torch_dtype": "float16"}""");
    return file.toString();
  }

  @Test
  void configAloneShowsTheMemoryOfARun() throws IOException {
    CommandLineRun run =
        CommandLineRun.of("plan", gpt2Large(), "--rank=4", "--target-modules=c_attn");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("transformer.h.0…35.attn.c_attn +TransposedLinear +\\[1280, 3840] +4 ")
        .contains("36 modules; trainable parameters: 737,280 (0.095 % of 774,030,080 in the base)")
        .containsPattern("float32 +3.1 GB +32.00")
        .containsPattern("bf16 +1.5 GB +16.00 +--dtype auto")
        .contains("Memory of training, 4 × 512 tokens")
        .contains("With --gradient-checkpointing: ")
        .contains("Generating a text of 1,024 tokens: ")
        .contains("This machine has ");
  }

  @Test
  void optionsOfTheRunAndTheMachineAreTakenIntoAccount() throws IOException {
    JsonNode large = memory(gpt2Large(), "--memory=6GB");
    JsonNode small =
        memory(
            gpt2Large(),
            "--memory=6GB",
            "--quantize=nf4",
            "--batch-size=1",
            "--workers=1",
            "--gradient-checkpointing",
            "--max-seq-length=256");

    assertThat(large.at("/fits").asBoolean()).isFalse();
    assertThat(large.at("/advice/0").asText()).isEqualTo("--gradient-checkpointing");
    assertThat(large.at("/fits_with_advice").asBoolean()).isTrue();
    assertThat(large.at("/bytes_with_advice").asLong()).isLessThan(6_000_000_000L);
    assertThat(small.at("/fits").asBoolean()).isTrue();
    assertThat(small.at("/advice")).isEmpty();
    assertThat(small.at("/training/base")).isEqualTo(large.at("/base_bytes/nf4"));
    assertThat(small.at("/machine_bytes").asLong()).isEqualTo(6_000_000_000L);
  }

  private static JsonNode memory(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("plan", "--json"));
    all.addAll(List.of(arguments));
    CommandLineRun run = CommandLineRun.of(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out()).at("/memory");
  }

  @Test
  void limitsOfTheModelAreNamed() throws IOException {
    CommandLineRun run = CommandLineRun.of("plan", gpt2Large(), "--max-seq-length=2048");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains("--max-seq-length must be at most 1,024, the limit of the model; found 2,048");
  }
}
