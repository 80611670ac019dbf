package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class MainTest {

  static Stream<List<String>> commands() {
    return commands(Main.commandLine(), List.of());
  }

  private static Stream<List<String>> commands(CommandLine command, List<String> path) {
    return Stream.concat(
        Stream.of(path),
        command.getSubcommands().entrySet().stream()
            .flatMap(
                sub ->
                    commands(
                        sub.getValue(),
                        Stream.concat(path.stream(), Stream.of(sub.getKey())).toList())));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyHelpHasAnExample(List<String> command) {
    CommandLineRun run =
        CommandLineRun.of(
            Stream.concat(command.stream(), Stream.of("--help")).toArray(String[]::new));

    assertThat(run.status()).isZero();
    assertThat(run.out()).containsPattern("Examples?:[^\\n]*\n  lora " + String.join(" ", command));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void usageErrorIsALineAndAHint(List<String> command) {
    CommandLineRun run =
        CommandLineRun.of(
            Stream.concat(command.stream(), Stream.of("--no-such-option")).toArray(String[]::new));

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines())
        .hasSize(2)
        .last()
        .isEqualTo(
            "See '%s --help'."
                .formatted(
                    String.join(" ", command).isEmpty()
                        ? "lora"
                        : "lora " + String.join(" ", command)));
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
