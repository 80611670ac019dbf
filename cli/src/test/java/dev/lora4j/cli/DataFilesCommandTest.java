package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encodings, delimiters and splits of data files on the command line. */
class DataFilesCommandTest {
  private final Path directory;
  private final SmallTraining training;

  DataFilesCommandTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
  }

  @Test
  void encodingIsRecordedAndUsedAgain() throws IOException {
    Path csv = directory.resolve("a.csv");
    String rows = "Prompt;Completion\r\n" + "Grüße;für 5 €\r\n".repeat(8);
    Files.write(csv, rows.getBytes(Charset.forName("windows-1252")));
    Path out = directory.resolve("out");
    String[] how = {"--steps", "2", "--save-steps", "1"};
    assertRefused(training.train(csv, out, how), "line 2 is not UTF-8 text", "--encoding");
    assertRefused(training.train(csv, out, "--encoding", "latin9000"), "no encoding 'latin9000'");

    JsonNode result =
        json(
            training.train(
                csv,
                out,
                "--steps",
                "2",
                "--save-steps",
                "1",
                "--encoding",
                "windows-1252",
                "--json"));
    assertThat(Files.readString(out.resolve("run.yaml"))).contains("encoding: \"windows-1252\"");
    Path again = directory.resolve("again");
    String yaml = out.resolve("run.yaml").toString();
    assertThat(
            json(CommandLineRun.of("train", "--config", yaml, "--out", again.toString(), "--json"))
                .at("/train_loss"))
        .isEqualTo(result.at("/train_loss"));
    Files.delete(out.resolve("adapter_model.safetensors"));
    json(CommandLineRun.of("train", "--resume", "--out", out.toString(), "--json"));
    assertThat(out.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(again.resolve("adapter_model.safetensors"));
  }

  @Test
  void splitsOfAFileAreUsedAndNamed() throws IOException {
    Path file = directory.resolve("a.json");
    String row = "{\"text\": \"Hello there\"}";
    Files.writeString(
        file,
        "{\"train\": [%1$s, %1$s, %1$s], \"validation\": [%1$s, %1$s], \"test\": [%1$s]}"
            .formatted(row));
    Path out = directory.resolve("out");
    CommandLineRun run = training.train(file, out, "--steps", "1", "--json");
    assertThat(json(run).at("/valid_loss_after").isNumber()).isTrue();
    assertThat(run.err())
        .contains("a.json, split train (of train, validation, test): texts")
        .contains("3 examples of 3 rows")
        .contains("a.json, split validation (of train, validation, test): texts")
        .contains("2 examples of 2 rows");
    CommandLineRun evaluation = run("eval", "--data", file.toString(), "--json");
    assertThat(json(evaluation).at("/examples").asInt()).isEqualTo(1);
    assertThat(evaluation.err()).contains("a.json, split test (of train, validation, test)");
    assertThat(run("data", file.toString()).out()).contains("split train", "3 examples of 3 rows");
  }

  private CommandLineRun run(String command, String... more) {
    String[] arguments = new String[more.length + 3];
    arguments[0] = command;
    System.arraycopy(more, 0, arguments, 1, more.length);
    arguments[more.length + 1] = "--model";
    arguments[more.length + 2] = training.model().toString();
    return CommandLineRun.of(arguments);
  }
}
