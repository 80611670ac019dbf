package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalGateTest {
  private static final String CHAT =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Say it %d\"},"
          + " {\"role\": \"assistant\", \"content\": \"%s\"}]}";

  @TempDir static Path directory;
  private static Path model;
  private static Path data;

  @BeforeAll
  static void make() throws IOException {
    model = SavedTextModel.chatty(directory.resolve("model"));
    data = chats("chats.jsonl", "yes");
  }

  private static Path chats(String name, String answer) throws IOException {
    String lines =
        IntStream.range(0, 40)
            .mapToObj(i -> CHAT.formatted(i, answer))
            .collect(Collectors.joining("\n"));
    return Files.writeString(directory.resolve(name), lines);
  }

  private static CommandLineRun eval(Path adapter, String... more) {
    String[] common = {
      "eval",
      "--model",
      model.toString(),
      "--adapter",
      adapter.toString(),
      "--data",
      data.toString(),
      "--workers",
      "1"
    };
    String[] all = Arrays.copyOf(common, common.length + more.length);
    System.arraycopy(more, 0, all, common.length, more.length);
    return CommandLineRun.of(all);
  }

  @Test
  void theGatePassesATrainedAdapterAndLimitsItsForgetting() throws IOException {
    Path adapter = directory.resolve("adapter");
    String[] train = {
      "train",
      "--model",
      model.toString(),
      "--data",
      data.toString(),
      "--out",
      adapter.toString(),
      "--lr",
      "2e-2",
      "--epochs",
      "4",
      "--workers",
      "1"
    };
    assertThat(CommandLineRun.of(train).status()).isZero();

    CommandLineRun passed = eval(adapter, "--gate");
    Path general = chats("general.jsonl", "a long answer about the weather in the mountains");
    CommandLineRun forgot =
        eval(adapter, "--json", "--max-forgetting", "0", "--gate", general.toString());

    assertThat(passed.status()).as(passed.err()).isZero();
    assertThat(passed.out()).contains("ok   held_out_loss").contains("passes the gate");
    assertThat(forgot.status()).as(forgot.err()).isEqualTo(1);
    JsonNode verdict = new ObjectMapper().readTree(forgot.out());
    assertThat(verdict.get("passed").asBoolean()).isFalse();
    assertThat(verdict.at("/checks/4/check").asText()).isEqualTo("forgetting");
    assertThat(verdict.at("/checks/4/after").asDouble())
        .isGreaterThan(verdict.at("/checks/4/before").asDouble());
  }

  @Test
  void anAdapterThatHasLearnedNothingFails() {
    Path random = SavedTextModel.adapter(model, directory.resolve("random"), 3);

    CommandLineRun failed = eval(random, "--gate");

    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.out()).contains("FAIL").contains("fails the gate");
  }

  @Test
  void theGateNeedsOneAdapter() {
    CommandLineRun none =
        CommandLineRun.of("eval", "--model", model.toString(), "--data", data.toString(), "--gate");

    assertThat(none.status()).isEqualTo(2);
    assertThat(none.err()).contains("--gate judges one adapter");
  }
}
