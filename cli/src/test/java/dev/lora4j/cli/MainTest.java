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

  @Test
  void aMistypedOptionIsToldWithTheNearest() {
    CommandLineRun run = CommandLineRun.of("demo", "--ranc", "4");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--ranc").contains("--rank");
  }
}
