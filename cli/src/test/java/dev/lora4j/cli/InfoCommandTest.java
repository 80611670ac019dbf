package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.models.ConvNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoCommandTest {
  private final Path directory;

  InfoCommandTest(@TempDir Path directory) {
    this.directory = directory;
    try (ConvNet net = new ConvNet()) {
      Lora.adapt(net, LoraConfig.rank(4).alpha(8)).save("default", directory);
    }
  }

  @Test
  void listsAnAdapter() {
    CommandLineRun run = CommandLineRun.of("info", directory.toString());

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("LoRA adapter: rank 4, alpha 8.0, scaling 2.0, targets fc1, fc2, fc3")
        .contains("- base_model.model.fc1.lora_A.weight F32 [4, 400]")
        .contains("6 tensors, 3,272 parameters, 13,088 bytes");
  }

  @Test
  void listsAFileOfTensorsInJson() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            "info", "--json", directory.resolve("adapter_model.safetensors").toString());

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/parameters").asInt()).isEqualTo(3272);
    assertThat(json.at("/tensors")).hasSize(6);
    assertThat(json.has("adapter")).isFalse();
  }

  @Test
  void aDirectoryWithoutAnAdapter() throws IOException {
    Path empty = Files.createDirectory(directory.resolve("empty"));

    CommandLineRun run = CommandLineRun.of("info", empty.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("lora: no saved model in " + empty);
  }

  @Test
  void aDamagedFileSaysWhatIsWrongWithIt() throws IOException {
    Path file = directory.resolve("damaged.safetensors");
    Files.writeString(file, "not a header", StandardCharsets.UTF_8);

    CommandLineRun run = CommandLineRun.of("info", file.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(file.toString()).doesNotContain("\tat ");
  }
}
