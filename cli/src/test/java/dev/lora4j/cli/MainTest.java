package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {

  @ParameterizedTest
  @CsvSource({
    "--help",
    "demo --help",
    "train --help",
    "info --help",
    "plan --help",
    "merge --help",
    "unmerge --help",
    "combine --help",
    "convert --help",
    "doctor --help",
    "eval --help",
    "generate --help",
    "chat --help",
    "data --help",
    "bench --help",
    "bench train --help",
    "bench generate --help"
  })
  void everyHelpHasAnExample(String arguments) {
    CommandLineRun run = CommandLineRun.of(arguments.split(" "));

    assertThat(run.status()).isZero();
    assertThat(run.out()).containsPattern("Examples?:").contains("lora ");
  }

  @Test
  void missingCommandShowsTheUsage() {
    CommandLineRun run = CommandLineRun.of();

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("Usage: lora");
  }

  @ParameterizedTest
  @CsvSource({
    "bench train --batch-size -1",
    "bench train --seq-length -3",
    "bench train --steps 1",
    "bench train --layers 0",
    "bench generate --prompt-tokens -1",
    "bench generate --new-tokens 1"
  })
  void countBelowOneIsReportedInASentence(String arguments) {
    CommandLineRun run = CommandLineRun.of((arguments + " --vocab-size 64").split(" "));

    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains("must be at least").doesNotContain("\tat ");
  }

  @Test
  void helpDescribesEachCommandInOneLine() {
    String help = CommandLineRun.of("--help").out();
    for (String command : Main.commandLine().getSubcommands().keySet()) {
      assertThat(help).containsPattern("(?m)^  " + command + " +[A-Z].*\\.$");
    }
    assertThat(help.lines().filter(line -> line.startsWith("    "))).isEmpty();
  }
}
