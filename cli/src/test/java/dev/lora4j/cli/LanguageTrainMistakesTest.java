package dev.lora4j.cli;

import static dev.lora4j.cli.SmallTraining.assertRefused;
import static dev.lora4j.cli.SmallTraining.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input to the training of a language model, reported before training starts. */
class LanguageTrainMistakesTest {
  private final Path directory;
  private final Path model;
  private final Path chats;
  private final SmallTraining training;

  LanguageTrainMistakesTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
    model = training.model();
    chats = training.chats();
  }

  private CommandLineRun train(Path data, Path out, String... more) {
    return training.train(data, out, more);
  }

  @Test
  void badOptionsFileIsReportedWithTheLine() throws IOException {
    Path yaml = directory.resolve("my.yaml");
    Files.writeString(yaml, "rank: 4\nlearning-rat: 1e-3\n");
    assertRefused(
        config(yaml), "my.yaml, line 2: unknown key 'learning-rat'; did you mean learning-rate?");
    Files.writeString(yaml, "rank: 4\nsave_stps: 3\n");
    assertRefused(config(yaml), "did you mean save-steps?");
    Files.writeString(yaml, "rank: 4\nrank: 8\n");
    assertRefused(config(yaml), "line 2: 'rank' is repeated");
    Files.writeString(yaml, "batch: 4\nbatch_size: 8\n");
    assertRefused(config(yaml), "line 2: 'batch' and 'batch-size' are the same option");
    Files.writeString(yaml, "accumulat: 4\n");
    assertRefused(
        config(yaml), "unknown key 'accumulat'; did you mean gradient-accumulation-steps?");
    Files.writeString(yaml, "rank: four\n");
    assertRefused(config(yaml), "my.yaml: ", "--rank", "four");
    Files.writeString(yaml, "rank: [\n");
    assertRefused(config(yaml), "invalid YAML");
    Files.writeString(yaml, "- rank\n");
    assertRefused(config(yaml), "expected keys with values");
    Files.writeString(yaml, "rank: {a: 1}\n");
    assertRefused(config(yaml), "'rank': expected a value");
    Files.writeString(yaml, "");
    assertRefused(config(yaml), "my.yaml is empty");
    assertRefused(config(directory.resolve("gone.yaml")), "gone.yaml");
  }

  @Test
  void columnsAreKeptInTheOptionsFileAndUnusedOnesRefusedWhenStrict() throws IOException {
    Path data = directory.resolve("other.jsonl");
    Files.writeString(
        data, "{\"id\": 1, \"question\": \"Why? \", \"answer\": \"So.\"}\n".repeat(4));
    Path out = directory.resolve("out");
    String[] options = {"--columns", "prompt=question,completion=answer", "--steps", "1"};
    CommandLineRun run = train(data, out, options);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out() + run.err()).contains("Ignored columns: id (4 rows).");
    assertThat(Files.readString(out.resolve("run.yaml")))
        .contains("columns: \"prompt=question,completion=answer\"");
    assertRefused(
        train(data, directory.resolve("strict"), options[0], options[1], "--strict"),
        "row 1: id: the form completion does not read these columns");
  }

  private static CommandLineRun config(Path yaml) {
    return CommandLineRun.of("train", "--config", yaml.toString());
  }

  @Test
  void commandLineTakesPrecedenceOverTheFile() throws IOException {
    Path yaml = directory.resolve("my.yaml");
    Files.writeString(
        yaml,
        """
        model: %s
        data: %s
        target_modules: [q_proj, k_proj]  # both
        steps: 900
        packing: true
        """
            .formatted(model, chats));
    Path out = directory.resolve("out");
    JsonNode result =
        json(
            CommandLineRun.of(
                "train",
                "--config",
                yaml.toString(),
                "--steps",
                "2",
                "--target-modules",
                "v_proj",
                "--out",
                out.toString(),
                "--json"));

    assertThat(result.at("/steps").asLong()).isEqualTo(2);
    assertThat(Files.readString(out.resolve("adapter_config.json")))
        .contains("v_proj")
        .doesNotContain("q_proj");
    assertThat(Files.readString(out.resolve("run.yaml"))).contains("packing: true", "steps: 2");
  }

  @Test
  void runWithoutOneOfItsFilesIsExplained() throws IOException {
    Path out = directory.resolve("out");
    String[] options = {"--steps", "1", "--validation-split", "0"};
    assertThat(train(chats, out, options).status()).isZero();
    Files.delete(out.resolve("run.yaml"));
    CommandLineRun resumed = CommandLineRun.of("train", "--resume", "--out", out.toString());
    assertRefused(resumed, "it has no run.yaml", "give all options of the run with --resume");
    Files.delete(out.resolve("run.json"));
    assertRefused(train(chats, out, "--resume", "--steps", "1"), "there is no run.json");
  }

  @Test
  void emptyPathIsNotTheWorkingDirectory() throws IOException {
    String problem = "expected a path, found an empty text";
    assertRefused(train(chats, Path.of(""), "--steps", "1"), "--out", problem);
    assertRefused(CommandLineRun.of("convert", model.toString(), ""), problem);
  }

  @Test
  void badInputIsReported() throws IOException {
    Path out = directory.resolve("out");
    assertRefused(CommandLineRun.of("train", "--out", "x"), "--model and --data are required");
    assertRefused(
        CommandLineRun.of("train", "--resume", "--out", out.toString()), "no run to resume");
    assertRefused(train(chats, out, "--epochs", "2", "--steps", "3"), "mutually exclusive");
    assertRefused(train(chats, out, "--lr-scheduler", "cosin"), "did you mean cosine?");
    assertRefused(train(chats, out, "--validation-split", "1"), "--validation-split");
    assertRefused(
        train(chats, out, "--max-seq-length", "129"), "--max-seq-length must be from 2 to 128");
    assertRefused(train(chats, out, "--max-seq-length", "5"), "no loss tokens");
    assertRefused(train(chats, out, "--target-modules", "q_pro"), "q_proj");
    assertRefused(train(chats, out, "--label", "x"), "--label does not apply to ");
    assertRefused(train(directory.resolve("gone.jsonl"), out), "gone.jsonl");
    assertRefused(train(chats, out, "--sample-prompt", "word ".repeat(300)), "the prompt has ");
    Path text = Files.writeString(directory.resolve("a.txt"), "To be. ".repeat(300));
    assertRefused(
        train(text, out, "--system-prompt", "Be."), "a system prompt needs conversations");
    assertThat(out).doesNotExist();
  }

  @Test
  void tokenizerOfAnotherModelIsRefused() throws IOException {
    Path small = SmallLanguageModel.write(directory.resolve("small"), 100);
    assertRefused(
        CommandLineRun.of(
            "train",
            "--model",
            small.toString(),
            "--data",
            chats.toString(),
            "--out",
            directory.resolve("out").toString()),
        "vocabulary",
        "tokenizer");
  }

  @Test
  void outputDirectoryWithOtherFilesIsRefusedBeforeAnythingIsRead() throws IOException {
    Path out = Files.createDirectory(directory.resolve("papers"));
    for (String name : new String[] {"a.txt", "b.txt", "c.txt", "d.txt"}) {
      Files.writeString(out.resolve(name), "");
    }
    Path gone = directory.resolve("gone.jsonl");
    assertRefused(
        train(gone, out),
        "papers is not empty and holds no run (a.txt, b.txt, c.txt, …); choose a new directory");
    assertRefused(train(gone, chats), "chats.jsonl is a file; expected a directory");
    assertThat(out.toFile().list()).hasSize(4);
  }

  @Test
  void pathsAreRelativeToTheFileThatDeclaresThem() throws IOException {
    Path yaml = directory.resolve("my.yaml");
    String rest = "model: ./model\ndata: ./chats.jsonl\nsteps: 1\nout: ./out\n";
    Files.writeString(yaml, "paths-relative-to: file\n" + rest);
    assertThat(config(yaml).status()).isZero();
    assertThat(directory.resolve("out/run.json")).exists();
    Files.writeString(yaml, "paths-relative-to: home\n" + rest);
    assertRefused(config(yaml), "my.yaml: 'paths-relative-to' must be 'file', found 'home'");
  }

  @Test
  void resumingOnAnotherBaseIsRefused() throws IOException {
    Path out = directory.resolve("out");
    json(train(chats, out, "--steps", "2", "--json"));
    assertRefused(
        train(chats, out, "--steps", "2"),
        "already holds a run; resume it with: lora train --resume --out " + out);
    Files.move(model, directory.resolve("old"));
    SmallLanguageModel.write(model);
    Path weights = model.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 2] ^= 1;
    Files.write(weights, bytes);
    assertRefused(CommandLineRun.of("train", "--resume", "--out", out.toString()), "base_sha256: ");
  }

  @Test
  void resumingWhileAClusterWritesIsRefused() throws IOException {
    Path out = directory.resolve("out");
    json(train(chats, out, "--steps", "2", "--json"));
    Path running = Files.writeString(out.resolve(".running"), "app-7");
    Files.writeString(out.resolve(".attempt"), "app-7 0");
    assertRefused(
        CommandLineRun.of("train", "--resume", "--out", out.toString()),
        out + " is in use: the run app-7 is writing there; wait for its end",
        "a run that was killed leaves it after a minute");

    Files.setLastModifiedTime(running, FileTime.from(Instant.now().minusSeconds(90)));
    json(CommandLineRun.of("train", "--resume", "--out", out.toString(), "--json"));
    assertThat(running).doesNotExist();
    assertThat(out.resolve(".attempt")).doesNotExist();
  }
}
