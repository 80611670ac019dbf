package dev.lora4j.cli;

import dev.lora4j.models.training.Versions;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root of the command line. */
@Command(
    name = "lora",
    version = "lora4j " + Versions.LORA4J,
    mixinStandardHelpOptions = true,
    subcommands = {
      DemoCommand.class,
      InfoCommand.class,
      TrainCommand.class,
      EvalCommand.class,
      GenerateCommand.class,
      ChatCommand.class,
      DataCommand.class,
      PlanCommand.class,
      MergeCommand.class,
      UnmergeCommand.class,
      CombineCommand.class,
      ConvertCommand.class,
      DoctorCommand.class,
      BenchCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "LoRA fine-tuning for the JVM: adapt a network that exists, train only the small low-rank"
          + " matrices, share or merge the result.",
      ""
    },
    footer = {
      "",
      "Exit status: 0 success, 1 the run failed, 2 bad usage or input, 130 interrupted.",
      "",
      "Example: the whole story on CIFAR-10 in half a minute",
      "  lora demo"
    })
public final class Main {
  private Main() {}

  /** Runs a command and exits with its status. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    // A library would tell that nobody reads its log.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    EarlyStart.of(arguments);
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    CommandLine command = new CommandLine(new Main());
    command.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    command.setExecutionExceptionHandler(new Failures());
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setUsageHelpAutoWidth(true);
    if (arguments.length == 0) {
      command.usage(System.err);
      return CommandLine.ExitCode.USAGE;
    }
    try {
      return command.execute(arguments);
    } catch (LinkageError e) {
      return Failures.tell(e, command.getErr());
    }
  }
}
