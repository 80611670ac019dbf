package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * {@code docs/options.md} lists the options as the parser knows them. With {@code
 * -Dlora4j.writePages=true}, the test writes the page instead.
 */
class OptionsPageTest {
  private static final Path PAGE = Path.of("../docs/options.md");
  private static final String HEADER =
      """
      # All options

      The options of each command, as `lora COMMAND --help` describes them. [Commands](commands.md) has examples, exit codes and the JSON output; [fine-tuning](training.md#yaml-files) shows the same options as YAML keys.

      This page is generated from the command line: `./mvnw test -pl cli -am -Dtest=OptionsPageTest -Dsurefire.failIfNoSpecifiedTests=false -Dlora4j.writePages=true`.
      """;

  @Test
  void pageListsTheOptionsOfTheParser() throws IOException {
    String page =
        HEADER
            + commands(Main.commandLine())
                .map(OptionsPageTest::section)
                .collect(Collectors.joining());
    if (Boolean.getBoolean("lora4j.writePages")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(page);
  }

  private static Stream<CommandSpec> commands(CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    Stream<CommandSpec> own = spec.parent() == null ? Stream.empty() : Stream.of(spec);
    return Stream.concat(
        own, spec.subcommands().values().stream().distinct().flatMap(OptionsPageTest::commands));
  }

  private static String section(CommandSpec command) {
    String name = command.qualifiedName();
    return "\n## "
        + name
        + "\n"
        + formatted(summary(command))
        + "\n\n| option | meaning |\n| --- | --- |\n"
        + parameters(command)
        + options(command);
  }

  private static String summary(CommandSpec command) {
    return Stream.of(command.usageMessage().header(), command.usageMessage().description())
        .flatMap(Arrays::stream)
        .filter(line -> !line.isBlank())
        .findFirst()
        .orElseThrow();
  }

  private static String parameters(CommandSpec command) {
    return command.positionalParameters().stream()
        .filter(parameter -> !parameter.hidden())
        .map(parameter -> row("`" + parameter.paramLabel() + "`", parameter))
        .collect(Collectors.joining());
  }

  private static String options(CommandSpec command) {
    List<OptionSpec> options =
        command.options().stream()
            .filter(option -> !option.hidden())
            .sorted(Comparator.comparing(OptionSpec::longestName))
            .toList();
    return options.stream().map(option -> row(names(option), option)).collect(Collectors.joining());
  }

  private static String names(OptionSpec option) {
    String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
    return Arrays.stream(option.names())
        .map(name -> "`" + name + value + "`")
        .collect(Collectors.joining(", "))
        .replace("|", "\\|");
  }

  private static String row(String names, ArgSpec argument) {
    return "| %s | %s%s |\n"
        .formatted(names, formatted(String.join(" ", argument.description())), required(argument));
  }

  private static String required(ArgSpec argument) {
    if (!argument.required()) {
      return "";
    }
    return argument.group() == null
        ? " Required."
        : argument.group().options().stream()
            .map(option -> "`" + option.longestName() + "`")
            .collect(Collectors.joining(", ", " Exactly one of ", " is required."));
  }

  /** Replaces picocli's variables and markup, and escapes Markdown's. */
  private static String formatted(String text) {
    return CommandLine.Help.Ansi.OFF
        .string(text.replace("%n", " ").replace("%%", "%"))
        .replaceAll("\\s+", " ")
        .strip()
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("*", "\\*");
  }
}
