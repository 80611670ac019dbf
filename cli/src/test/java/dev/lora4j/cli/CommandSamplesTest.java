package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.DocSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The {@code lora} commands of README and docs have options that the parser accepts. */
class CommandSamplesTest {
  private static final Pattern BLOCK = Pattern.compile("```(\\w*)\\n(.*?)```", Pattern.DOTALL);
  private static final Set<String> SHELL = Set.of("", "bash", "sh");
  private static final Pattern COMMAND =
      Pattern.compile("^(?:\\$ )?(?:\\./)?lora ([a-z].*)$", Pattern.MULTILINE);
  private static final Pattern CELL = Pattern.compile("\\| `lora ([a-z][^`]*)`");
  private static final Set<String> PAGES_WITH_COMMANDS_IN_TABLES =
      Set.of("commands.md", "from-mlx-lm.md");
  private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

  private static final CommandLine LORA = Main.commandLine();

  private record Sample(String place, List<String> arguments) {}

  @Test
  void commandsParse() throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (Path page : DocSamples.pages(Path.of(".."))) {
      samples.addAll(samples(page));
    }
    assertThat(samples).hasSizeGreaterThan(50);

    assertThat(samples).allSatisfy(sample -> assertThat(problem(sample)).isEmpty());
  }

  private static List<Sample> samples(Path page) throws IOException {
    String text = Files.readString(page);
    List<String> commands = new ArrayList<>();
    if (PAGES_WITH_COMMANDS_IN_TABLES.contains(page.getFileName().toString())) {
      CELL.matcher(text).results().forEach(cell -> commands.add(cell.group(1)));
    }
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      if (SHELL.contains(block.group(1))) {
        COMMAND
            .matcher(block.group(2).replace("\\\n", " "))
            .results()
            .forEach(command -> commands.add(command.group(1)));
      }
    }
    return commands.stream()
        .map(command -> new Sample(page.getFileName() + ": lora " + command, words(command)))
        .filter(sample -> !sample.arguments().contains("…"))
        .toList();
  }

  /** Splits a line as a shell does, up to a comment, a pipe or a redirection. */
  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(line);
    while (word.find()) {
      String bare = word.group(3);
      if (bare != null && bare.matches("[#|>&;].*")) {
        break;
      }
      words.add(bare != null ? bare : word.group(1) != null ? word.group(1) : word.group(2));
    }
    return words;
  }

  private static String problem(Sample sample) {
    try {
      LORA.parseArgs(sample.arguments().toArray(String[]::new));
      return "";
    } catch (CommandLine.ParameterException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
