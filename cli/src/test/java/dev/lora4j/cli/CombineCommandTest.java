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
import org.junit.jupiter.params.provider.ValueSource;

class CombineCommandTest {
  private final Path base;
  private final Path cats;
  private final Path dogs;
  private final Path out;

  CombineCommandTest(@TempDir Path directory) {
    base = SavedConvNet.base(directory.resolve("net.safetensors"));
    cats = SavedConvNet.adapter(directory.resolve("cats"), LoraConfig.rank(2).alpha(4), 1);
    dogs = SavedConvNet.adapter(directory.resolve("dogs"), LoraConfig.rank(2).alpha(2), 2);
    out = directory.resolve("both");
  }

  @Test
  void combiningTwoAdaptersGivesOneThatFitsTheBase() {
    CommandLineRun run = combine(cats + "=0.7", dogs + "=-0.3");

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains(
            "Combined 2 adapters by cat: 3 layers, rank 4, 3,272 parameters; wrote 13.1 kB to "
                + out);
    assertThat(CommandLineRun.of("doctor", base.toString(), out.toString()).status()).isZero();
  }

  @Test
  void combiningOnABaseKeepsTheTargetNames() throws IOException {
    CommandLineRun run =
        combine(
            cats + "", dogs + "", "--model", base + "", "--method", "svd", "--rank=3", "--json");

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/largest_rank").asInt()).isEqualTo(3);
    assertThat(json.at("/method").asText()).isEqualTo("svd");
    assertThat(json.at("/layers").asInt()).isEqualTo(3);
    assertThat(out.resolve("adapter_model.safetensors")).exists();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "linear",
        "svd",
        "magnitude_prune --density 0.5",
        "magnitude_prune_svd --density 0.5",
        "ties --density 0.5 --majority-sign-method frequency",
        "ties_svd --density 0.5 --rank 1",
        "dare_linear --density 0.5 --seed 3",
        "dare_linear_svd --density 0.5",
        "dare_ties --density 0.5",
        "dare_ties_svd --density 0.5"
      })
  void everyPeftMethodIsAccepted(String method) throws IOException {
    List<String> options = new ArrayList<>(List.of(cats.toString(), dogs + "=0.5", "--json"));
    options.addAll(List.of(("--method " + method).split(" ")));

    CommandLineRun run = combine(options.toArray(String[]::new));

    assertThat(run.err()).isEmpty();
    assertThat(new ObjectMapper().readTree(run.out()).at("/method").asText())
        .isEqualTo(method.replaceAll(" .*", ""));
  }

  @Test
  void dtypeSetsTheOutputDataType() throws IOException {
    combine(cats.toString(), dogs.toString(), "--dtype", "bf16");

    assertThat(CommandLineRun.of("info", out.toString()).out()).contains(" BF16 [4, 400]");
  }

  @Test
  void badInputIsReportedInASentence() throws IOException {
    assertMistake("did you mean ties", cats + "", "--method", "tise");
    assertMistake("ties needs --density", cats + "", "--method", "ties");
    assertMistake("--rank applies to svd and …_svd, not to cat", cats + "", "--rank", "2");
    assertMistake("--seed applies to dare_linear", cats + "", "--seed", "2");
    assertMistake("expected a number after =, such as 0.7, found 'much'", cats + "=much");
    assertMistake("given twice", cats + "", cats + "=2");
    assertMistake("no adapter in", cats + "gone");
    assertMistake("unknown data type 'f23'", cats + "", "--dtype", "f23");
    Files.createDirectories(out);
    Files.writeString(out.resolve("mine"), "");
    assertMistake("it is not empty", cats + "");
  }

  @Test
  void adapterWithDoraMagnitudesIsRefused(@TempDir Path directory) {
    Path dora = SavedConvNet.adapter(directory.resolve("dora"), LoraConfig.rank(2).dora(true), 3);

    assertMistake("'dora' has use_dora: its magnitudes would be lost", cats + "", dora + "");
  }

  private void assertMistake(String message, String... options) {
    CommandLineRun run = combine(options);

    assertThat(run.err()).startsWith("lora: ").contains(message).doesNotContain("\tat ");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }

  /** Passes each argument that is neither an option nor its value as an adapter. */
  private CommandLineRun combine(String... options) {
    List<String> arguments = new ArrayList<>(List.of("combine", "--out", out.toString()));
    boolean isValue = false;
    for (String option : options) {
      boolean isOption = option.startsWith("-");
      if (!isOption && !isValue) {
        arguments.add("--adapter");
      }
      arguments.add(option);
      isValue = isOption && !option.contains("=") && !option.equals("--json");
    }
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }
}
