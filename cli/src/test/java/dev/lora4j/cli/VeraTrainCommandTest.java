package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VeraTrainCommandTest {
  private final Path directory;

  VeraTrainCommandTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void methodVeraTrainsAnAdapterThatLoads() throws IOException {
    SmallTraining training = SmallTraining.in(directory);
    Path out = directory.resolve("out");

    JsonNode result =
        json(
            training.train(
                training.chats(),
                out,
                "--method",
                "vera",
                "--rank",
                "64",
                "--lr",
                "1e-2",
                "--epochs",
                "4",
                "--json"));

    assertThat(result.at("/valid_loss_after").asDouble())
        .isLessThan(result.at("/valid_loss_before").asDouble() - 0.1);
    JsonNode config = new ObjectMapper().readTree(out.resolve("adapter_config.json").toFile());
    assertThat(config.get("peft_type").asText()).isEqualTo("VERA");
    JsonNode evaluated =
        json(
            CommandLineRun.of(
                "eval",
                "--model",
                training.model().toString(),
                "--adapter",
                out.toString(),
                "--data",
                training.chats().toString(),
                "--json"));
    assertThat(evaluated.isObject()).isTrue();
  }

  @Test
  void optionsThatVeraDoesNotHaveAreRefused() throws IOException {
    SmallTraining training = SmallTraining.in(directory);
    Path out = directory.resolve("out");

    assertRefused(
        training.train(training.chats(), out, "--method", "vera", "--alpha", "8"),
        "--alpha does not apply to --method vera");
    assertRefused(
        training.train(training.chats(), out, "--method", "vera", "--dora"),
        "VERA does not take use_dora");
    assertRefused(
        training.train(training.chats(), out, "--method", "loha"),
        "--method: unknown method 'loha'; did you mean lora?");
  }
}
