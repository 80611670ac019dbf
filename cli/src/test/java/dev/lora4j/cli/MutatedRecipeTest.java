package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of a valid YAML recipe: each is accepted or refused in a sentence. */
class MutatedRecipeTest {
  private static final int MUTANTS = 300;
  private static final String ACCEPTED = "the prompt has ";
  private static final List<String> VALUES =
      List.of(
          "2147483647",
          "2147483648",
          "9223372036854775807",
          "-1",
          "0",
          "1e308",
          "-1e308",
          "1e-320",
          ".nan",
          "NaN",
          "Infinity",
          "null",
          "~",
          "''",
          "\"\\0\"",
          "a\\0b",
          "[]",
          "[[]]",
          "[a, [b]]",
          "{}",
          "{a: 1}",
          "&a [*a]",
          "*a",
          "!!java.net.URL [x]",
          "!!binary AAAA",
          "|",
          ">-",
          "? ",
          "- ",
          "---",
          "...",
          "%YAML 9.9",
          "true",
          "0x10",
          "1_000",
          "2026-11-29",
          "🐈",
          "\uFEFF",
          "../../..",
          "/",
          "/dev/null",
          "con",
          "x".repeat(5000),
          "[" + "x,".repeat(3000) + "x]",
          "[".repeat(200),
          "*",
          "(",
          "[a-z",
          "a{99999999}",
          "(a+)+$",
          "${x}",
          "@x",
          "--rank");

  private final Path directory;
  private final SmallTraining training;
  private final byte[] recipe;

  MutatedRecipeTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    training = SmallTraining.in(directory);
    recipe =
        """
        model: %s
        data: %s
        rank: 4
        alpha: 8
        target_modules: [q_proj, v_proj]
        exclude_modules: [k_proj]
        dropout: 0.1
        init: gaussian
        method: lora
        rslora: false
        steps: 2
        batch_size: 2
        gradient_accumulation_steps: 2
        learning_rate: 1e-3
        lr_scheduler: linear
        warmup_steps: 1
        weight_decay: 0.01
        max_grad_norm: 1
        max_seq_length: 64
        packing: false
        eval_steps: 1
        save_steps: 1
        validation_split: 0.1
        seed: 1
        workers: 2
        system_prompt: "Be brief: yes"
        objective: sft
        device: cpu
        """
            .formatted(training.model(), training.chats())
            .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void everyMutantIsAcceptedOrRefusedInASentence() throws IOException {
    Path file = directory.resolve("recipe.yaml");
    Files.write(file, recipe);
    assertThat(run(file).err()).contains(ACCEPTED);

    Random random = new Random(19);
    int accepted = 0;
    for (int i = 0; i < MUTANTS; i++) {
      byte[] mutant = mutant(random);
      Files.write(file, mutant);
      CommandLineRun run = run(file);
      assertThat(run.status())
          .as("mutant %d:%n%s%n%s", i, new String(mutant, StandardCharsets.UTF_8), run.err())
          .isEqualTo(2);
      assertThat(run.err())
          .as(() -> new String(mutant, StandardCharsets.UTF_8))
          .contains("lora: ")
          .doesNotContain("this is a bug", "\tat ", "Exception");
      accepted += run.err().contains(ACCEPTED) ? 1 : 0;
    }
    assertThat(accepted).isBetween(MUTANTS / 10, MUTANTS * 9 / 10);
  }

  /** Ends before the training, at a sample prompt that is too long for the model. */
  private CommandLineRun run(Path file) {
    return CommandLineRun.of(
        "train",
        "--config",
        file.toString(),
        "--out",
        directory.resolve("out").toString(),
        "--sample-prompt",
        "word ".repeat(300));
  }

  private byte[] mutant(Random random) {
    return random.nextInt(3) == 0 ? withOtherBytes(random) : withOtherLine(random);
  }

  private byte[] withOtherBytes(Random random) {
    byte[] mutant = recipe.clone();
    for (int i = random.nextInt(3); i >= 0; i--) {
      mutant[random.nextInt(mutant.length)] =
          (byte) random.nextInt(random.nextInt(4) == 0 ? 256 : 128);
    }
    int from = random.nextInt(mutant.length);
    return switch (random.nextInt(4)) {
      case 0 -> Arrays.copyOf(mutant, from);
      case 1 -> Arrays.copyOfRange(mutant, from, mutant.length);
      default -> mutant;
    };
  }

  private byte[] withOtherLine(Random random) {
    List<String> lines =
        new ArrayList<>(new String(recipe, StandardCharsets.UTF_8).lines().toList());
    int line = random.nextInt(lines.size());
    String key = lines.get(line).replaceFirst(":.*", "");
    String value = VALUES.get(random.nextInt(VALUES.size()));
    switch (random.nextInt(8)) {
      case 0 -> lines.add(line, value);
      case 1 -> lines.add(line, key + ": " + value);
      case 2 -> lines.set(line, value + ": " + key);
      case 3 -> lines.remove(line);
      case 4 -> lines.set(line, lines.get(line).replaceAll("\\d", "$0" + random.nextInt(10)));
      default -> lines.set(line, key + ": " + value);
    }
    return String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
  }
}
