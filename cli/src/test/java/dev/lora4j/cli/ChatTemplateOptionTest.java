package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --chat-template FILE} in each command that reads a template. */
class ChatTemplateOptionTest {
  private static final String TEMPLATE =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>{% endif %}";

  private final Path directory;
  private final SmallTraining training;
  private final Path template;

  ChatTemplateOptionTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
    template = Files.writeString(directory.resolve("own.jinja"), TEMPLATE);
  }

  private CommandLineRun train(Path out, String... more) {
    return training.train(training.chats(), out, more);
  }

  private static Path weights(Path run) {
    return run.resolve("adapter_model.safetensors");
  }

  @Test
  void trainingUsesTheFileAndTheRunKeepsACopy() throws IOException {
    Path out = directory.resolve("out");
    Path plain = directory.resolve("plain");
    String[] how = {"--chat-template", template.toString(), "--steps", "4", "--json"};
    json(train(out, how));
    json(train(plain, "--steps", "4", "--json"));

    assertThat(out.resolve("chat_template.jinja")).hasContent(TEMPLATE);
    assertThat(weights(out)).isRegularFile();
    assertThat(Files.mismatch(weights(out), weights(plain))).isNotNegative();

    Path again = directory.resolve("again");
    json(
        CommandLineRun.of(
            "train",
            "--config",
            out.resolve("run.yaml").toString(),
            "--out",
            again.toString(),
            "--json"));
    assertThat(weights(again)).hasSameBinaryContentAs(weights(out));
  }

  @Test
  void resumedRunNeedsTheCopyOnly() throws IOException, InterruptedException {
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    String[] how = {
      "--chat-template", template.toString(), "--steps", "100", "--save-steps", "5", "--json"
    };
    json(train(whole, how));
    List<String> arguments = new ArrayList<>(List.of("train", "--model"));
    arguments.addAll(List.of(training.model().toString(), "--data", training.chats().toString()));
    arguments.addAll(List.of("--workers", "2", "--out", broken.toString()));
    arguments.addAll(List.of(how));
    Process process =
        MainProcess.of(arguments.toArray(new String[0]))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output.txt").toFile())
            .start();
    while (process.isAlive() && !Files.exists(broken.resolve("checkpoint-10"))) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor();
    Files.delete(template);
    json(CommandLineRun.of("train", "--resume", "--out", broken.toString(), "--json"));
    assertThat(weights(broken)).hasSameBinaryContentAs(weights(whole));
  }

  @Test
  void promptsAndExamplesAreRenderedByTheFile() throws IOException {
    String model = training.model().toString();
    String chats = training.chats().toString();
    String[] data = {"data", chats, "--model", model, "--chat-template", template.toString()};
    assertThat(CommandLineRun.of(data).out()).contains("<user>");

    String[] eval = {"eval", "--model", model, "--data", chats, "--json"};
    double own = json(CommandLineRun.of(eval)).at("/nll").asDouble();
    double other =
        json(CommandLineRun.of(
                "eval",
                "--model",
                model,
                "--data",
                chats,
                "--json",
                "--chat-template",
                template.toString()))
            .at("/nll")
            .asDouble();
    assertThat(other).isPositive().isNotEqualTo(own);
    assertRefused(
        CommandLineRun.of(
            "generate", "--model", model, "--prompt", "ask", "--chat-template", "no.jinja"),
        "no.jinja");
  }
}
