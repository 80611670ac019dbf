package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
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
  void ggufFileIsRefusedWithTheConvertCommand() {
    String file = "../llm/src/test/resources/fixtures/gguf/llama3.gguf";
    CommandLineRun run = CommandLineRun.of("plan", file);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains("convert it to a directory first: lora convert " + file + " DIR");
  }
}
