package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code lora train} with a small language model and conversations. */
record SmallTraining(Path model, Path chats) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static SmallTraining in(Path directory) throws IOException {
    return new SmallTraining(
        SmallLanguageModel.write(directory.resolve("model")),
        SmallLanguageModel.chats(directory.resolve("chats.jsonl"), 40));
  }

  CommandLineRun train(Path data, Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--model",
                model.toString(),
                "--data",
                data.toString(),
                "--out",
                out.toString(),
                "--workers",
                "2"));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(new String[0]));
  }

  static JsonNode json(CommandLineRun run) throws IOException {
    assertThat(run.status()).as(run.err()).isZero();
    return JSON.readTree(run.out());
  }

  static void assertRefused(CommandLineRun run, String... words) {
    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(words).doesNotContain("\tat ");
  }
}
