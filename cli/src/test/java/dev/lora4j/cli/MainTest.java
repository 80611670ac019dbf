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
  void everyHelpTeachesWithAnExample(String arguments) {
    CommandLineRun run = CommandLineRun.of(arguments.split(" "));

    assertThat(run.status()).isZero();
    assertThat(run.out()).containsPattern("Examples?:").contains("lora ");
  }

  @Test
  void noCommandShowsTheUsage() {
    CommandLineRun run = CommandLineRun.of();

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("Usage: lora");
  }

  @ParameterizedTest
  @CsvSource({
    "bench train --batch -1",
    "bench train --tokens -3",
    "bench train --steps 1",
    "bench train --layers 0",
    "bench generate --prompt -1",
    "bench generate --new 1"
  })
  void numbersThatAreTooSmallAreToldInASentence(String arguments) {
    CommandLineRun run = CommandLineRun.of((arguments + " --vocab 64").split(" "));

    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains("must be at least").doesNotContain("\tat ");
  }

  @Test
  void aMistypedOptionIsToldWithTheNearest() {
    CommandLineRun run = CommandLineRun.of("demo", "--ranc", "4");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--ranc").contains("--rank");
  }
}
