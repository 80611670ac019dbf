package dev.lora4j.bench;

import dev.lora4j.io.ScratchDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of fine-tuning with TRL and PEFT on texts of mixed lengths. */
@Command(
    name = "tune",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares examples per second and validation loss on a real model and data set with TRL.",
    footer = {
      "",
      "Example:",
      "  bench/run tune --python .venv/bin/python --model SmolLM2-135M --data e2e.jsonl"
    })
final class TuneBench implements Callable<Integer> {
  @Option(
      names = "--python",
      description = "Python interpreter with PEFT and TRL.",
      required = true)
  private String python = "";

  @Option(names = "--model", description = "Model directory.", required = true)
  private Path model = Path.of("");

  @Option(
      names = "--data",
      description = "JSONL file of prompts and completions, or of conversations (messages).",
      required = true)
  private Path data = Path.of("");

  @Option(names = "--rounds", description = "Number of paired runs; medians count.")
  private int rounds = 1;

  @Option(names = "--steps", description = "Training steps per run.")
  private int steps = 20;

  @Option(names = "--batch", description = "Batch size.")
  private int batch = 8;

  @Option(
      names = "--valid",
      description = "Number of validation examples, taken from the end of the file.")
  private int valid = 64;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
      print(compare(scratch.path()));
    }
    return 0;
  }

  private Pairs compare(Path directory) throws IOException, InterruptedException {
    List<String> lines = Files.readAllLines(data);
    int used = Math.min(lines.size() - valid, steps * batch);
    Path train = Files.write(directory.resolve("train.jsonl"), lines.subList(0, used));
    Path held =
        Files.write(
            directory.resolve("valid.jsonl"), lines.subList(lines.size() - valid, lines.size()));
    return Pairs.run(rounds, ours(train, held, directory), peer(train, held, directory));
  }

  private void print(Pairs pairs) {
    System.out.printf("Medians of %d rounds of %d steps of %d examples.%n%n", rounds, steps, batch);
    System.out.println("| | lora4j | TRL | ratio | range |");
    System.out.println("| --- | --- | --- | --- | --- |");
    double own = steps * batch / pairs.ours("/seconds");
    double theirs = pairs.peers("/examples_per_s");
    System.out.printf(
        Locale.ROOT, "| examples/s | %.2f | %.2f | %.2f | |%n", own, theirs, own / theirs);
    pairs.row("peak memory in MB", "/peak_rss_mb", "/peak_rss_mb");
    pairs.row("validation loss before", "/valid_loss_before", "/valid_loss_before");
    pairs.row("validation loss after", "/valid_loss_after", "/valid_loss_after");
  }

  /** A shell gives each run a directory of its own. */
  private List<String> ours(Path train, Path held, Path directory) {
    return inFreshDirectory(
        directory,
        "./lora train --model '%s' --data '%s' --validation-data '%s' --steps %d --batch-size %d --rank 8 --lr 2e-4"
                .formatted(model, train, held, steps, batch)
            + " --lr-scheduler linear --max-seq-length 1024 --json --out");
  }

  private List<String> peer(Path train, Path held, Path directory) {
    return inFreshDirectory(
        directory,
        "'%s' bench/peers/tune_trl.py --model '%s' --data '%s' --valid '%s' --steps %d --batch %d --out"
            .formatted(python, model, train, held, steps, batch));
  }

  private static List<String> inFreshDirectory(Path directory, String command) {
    return List.of("bash", "-c", command + " \"$(mktemp -d '" + directory + "/run.XXXXXX')/out\"");
  }
}
