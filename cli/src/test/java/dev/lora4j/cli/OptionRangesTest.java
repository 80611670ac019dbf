package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.cli.options.Range;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Numbers out of range are refused by the option's name before anything is read. */
class OptionRangesTest {
  private static final List<String> WRONG =
      List.of("-1", "NaN", "four", "2147483647", "99999999999999999999", "1e309");

  /** A numeric option, and its command with the other required options. */
  record NumericOption(List<String> command, OptionSpec option) {
    @Override
    public String toString() {
      return String.join(" ", command) + " " + option.longestName();
    }
  }

  static Stream<NumericOption> numericOptions() {
    return numericOptions(Main.commandLine(), List.of());
  }

  private static Stream<NumericOption> numericOptions(CommandLine command, List<String> path) {
    List<OptionSpec> options = command.getCommandSpec().options();
    List<String> call = new ArrayList<>(path);
    options.stream()
        .filter(option -> option.required() || option.longestName().equals("--data"))
        .filter(option -> option.group() == null || !isNumeric(option))
        .forEach(option -> call.addAll(List.of(option.longestName(), "nothing-here")));
    command.getCommandSpec().positionalParameters().forEach(any -> call.add("nothing-here"));
    Stream<NumericOption> own =
        options.stream()
            .filter(option -> isNumeric(option) && !option.longestName().equals("--seed"))
            .map(option -> new NumericOption(call, option));
    return Stream.concat(
        own,
        command.getSubcommands().entrySet().stream()
            .flatMap(
                sub ->
                    numericOptions(
                        sub.getValue(),
                        Stream.concat(path.stream(), Stream.of(sub.getKey())).toList())));
  }

  private static boolean isNumeric(OptionSpec option) {
    return option.userObject() instanceof Field field
        && field
            .getGenericType()
            .getTypeName()
            .matches(".*\\b(int|long|double|Integer|Long|Double)\\b.*");
  }

  @Test
  void everyNumericOptionHasARange() {
    assertThat(numericOptions())
        .hasSizeGreaterThan(60)
        .allMatch(each -> ((Field) each.option().userObject()).isAnnotationPresent(Range.class));
  }

  @ParameterizedTest
  @MethodSource("numericOptions")
  void wrongNumberIsNoBug(NumericOption numeric) {
    for (String value : WRONG) {
      List<String> call = new ArrayList<>(numeric.command());
      call.addAll(List.of(numeric.option().longestName(), value));
      CommandLineRun run = CommandLineRun.of(call.toArray(String[]::new));

      assertThat(run.status()).as(call + run.err()).isEqualTo(2);
      assertThat(run.err()).doesNotContain("this is a bug", "\tat ");
      if (value.equals("four") || value.equals("NaN")) {
        assertThat(run.err()).contains(numeric.option().longestName(), value);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--rank=0|--rank must be at least 1, found 0",
        "--rank=4.5|expected a whole number, found '4.5'",
        "--dropout=1|--dropout must be below 1, found 1",
        "--lr=0|--learning-rate must be above 0, found 0",
        "--lr=Infinity|--learning-rate must be a finite number, found Infinity",
        "--epochs=99999999999|--epochs must be at most 1,000,000, found 99999999999",
        "--batch-size=2147483647|--batch-size must be at most 1,000,000, found 2147483647",
        "--std=0.5,0|--std must be above 0, found 0.5,0",
        "--batch-size=1000000 --gradient-accumulation-steps=1000000|batch size times gradient"
      })
  void messageNamesOptionBoundAndValue(String options, String message, @TempDir Path directory)
      throws Exception {
    Path model = SmallLanguageModel.write(directory.resolve("model"));
    List<String> call =
        new ArrayList<>(List.of("train", "--model", model.toString(), "--data", "nothing-here"));
    call.addAll(Arrays.asList(options.split(" ")));
    CommandLineRun run = CommandLineRun.of(call.toArray(String[]::new));

    SmallTraining.assertRefused(run, message);
    assertThat(run.err().lines().count()).isLessThanOrEqualTo(2);
  }

  @Test
  void valueOfAnOptionsFileIsCheckedToo(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("my.yaml"), "model: m\nrank: 2147483648\n");
    SmallTraining.assertRefused(
        CommandLineRun.of("train", "--config", file.toString()),
        "my.yaml: --rank must be at most 65,536, found 2147483648");
  }
}
