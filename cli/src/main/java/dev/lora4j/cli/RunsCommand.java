package dev.lora4j.cli;

import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.runs.RunComparison;
import dev.lora4j.cli.runs.RunReader;
import dev.lora4j.cli.runs.RunSummary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Compares training runs. */
@Command(
    name = "runs",
    mixinStandardHelpOptions = true,
    header = {"Compare training runs.", ""},
    description = {
      "",
      "Shows the settings that differ, and the validation loss, speed, time and size of each run."
          + " Marks the run with the lowest validation loss. Includes running and interrupted"
          + " runs.",
      ""
    },
    footer = {"", "Examples:", "  lora runs first second", "  lora runs tries --json"})
final class RunsCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "DIR",
      arity = "1..*",
      description = "Output directories of lora train, or their parent directories.")
  private List<Path> directories = new ArrayList<>();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    RunReader reader = TrainCommand.runReader();
    List<RunSummary> runs =
        directories.stream()
            .flatMap(directory -> reader.readAll(directory).stream())
            .distinct()
            .toList();
    new RunComparison(runs).show(output);
    return 0;
  }
}
