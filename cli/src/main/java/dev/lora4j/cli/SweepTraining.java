package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.runs.RunComparison;
import dev.lora4j.cli.runs.RunReader;
import dev.lora4j.cli.train.OutputDirectory;
import dev.lora4j.cli.train.SharedBase;
import dev.lora4j.cli.train.Sweep;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.llm.recipe.OptionsFile;
import dev.lora4j.train.TrainingFailed;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Trains the runs of a sweep one after the other on one base, and compares them.
 *
 * @param out the directory of the runs' directories
 * @param options the options of the sweep, for its options file
 * @param command returns the command of a run, given its options and directory
 */
record SweepTraining(
    Sweep sweep,
    Path out,
    boolean resume,
    Map<String, Object> options,
    BiFunction<Map<String, String>, Path, TrainCommand> command,
    OutputFormat output) {
  /** The options file of a sweep. */
  static final String FILE = "sweep.yaml";

  /** Returns whether all runs succeeded. */
  boolean run() {
    PrintStream log = output.messages();
    Map<Path, TrainCommand> commands = new LinkedHashMap<>(); // refuses bad options first
    sweep
        .runs()
        .forEach(
            (name, run) -> commands.put(out.resolve(name), command.apply(run, out.resolve(name))));
    start(log);
    List<Path> failed = new ArrayList<>();
    try (SharedBase base = new SharedBase()) {
      for (Map.Entry<Path, TrainCommand> run : commands.entrySet()) {
        log.printf("%n%s%n", run.getKey());
        if (Files.exists(run.getKey().resolve("report.html"))) {
          log.println("finished before");
          continue;
        }
        try {
          run.getValue().train(Optional.of(base));
        } catch (TrainingFailed e) {
          log.println("lora: " + e.getMessage());
          failed.add(run.getKey());
        }
      }
    } catch (UserError e) {
      forgetUnlessBegun(commands.keySet());
      throw e;
    }
    log.println();
    RunReader reader = TrainCommand.runReader();
    new RunComparison(commands.keySet().stream().map(reader::read).toList()).show(output);
    failed.forEach(run -> log.println("Failed: " + run));
    return failed.isEmpty();
  }

  /**
   * Deletes the options file of a sweep that failed before its first run, so that it can start
   * anew.
   */
  private void forgetUnlessBegun(Collection<Path> runs) {
    if (!resume && runs.stream().noneMatch(Files::exists)) {
      AtomicFile.deleteQuietly(out.resolve(FILE));
    }
  }

  private void start(PrintStream log) {
    log.printf("%d runs in %s%n", sweep.runs().size(), out);
    if (!resume) {
      new OutputDirectory(out).create();
      OptionsFile.write(
          out.resolve(FILE), "Resume this sweep with: lora train --resume --out DIR", options);
      log.println("After an interruption, resume with: lora train --resume --out " + out);
    }
  }
}
