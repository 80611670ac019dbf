package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.FormerNames;
import dev.lora4j.cli.options.NonBlankPath;
import dev.lora4j.cli.options.OptionRanges;
import dev.lora4j.llm.recipe.Versions;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** The root of the command line. */
@Command(
    name = "lora",
    version = "lora4j " + Versions.LORA4J,
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "LoRA fine-tuning for the JVM: train small low-rank adapters for an existing model, then"
          + " share or merge them.",
      ""
    },
    footer = {
      "",
      "'lora COMMAND --help' describes a command.",
      "Exit status: 0 success, 1 failed run, 2 bad usage or input, 130 interrupted (Ctrl-C), 143"
          + " terminated (SIGTERM).",
      "",
      "Example: train, adapt and fine-tune a ConvNet on CIFAR-10 in half a minute",
      "  lora demo"
    })
public final class Main {
  private static final List<Class<?>> COMMANDS =
      List.of(
          DemoCommand.class,
          TrainCommand.class,
          RunsCommand.class,
          EvalCommand.class,
          PredictCommand.class,
          GenerateCommand.class,
          ChatCommand.class,
          EmbedCommand.class,
          ServeCommand.class,
          DataCommand.class,
          InfoCommand.class,
          PlanCommand.class,
          DoctorCommand.class,
          MergeCommand.class,
          UnmergeCommand.class,
          CombineCommand.class,
          ConvertCommand.class,
          ResizeCommand.class,
          BenchCommand.class);

  private Main() {}

  /** Runs a command and exits with its status. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    // Otherwise a library warns that logging is not configured.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    EarlyStart.of(arguments);
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    CommandLine command = commandLine(called(arguments));
    if (arguments.length == 0) {
      command.usage(System.err);
      return ExitCode.USAGE;
    }
    try {
      List<String> given = List.of(arguments);
      CommandLine called = subcommand(command, given);
      List<String> named = new FormerNames(options(called)).replaceIn(given);
      List<String> last = RepeatedOptions.lastOf(called.getCommandSpec(), named);
      return command.execute(last.toArray(String[]::new));
    } catch (UserError | LinkageError | VirtualMachineError e) {
      return Failures.report(e, command.getErr());
    }
  }

  static CommandLine commandLine() {
    return commandLine(COMMANDS);
  }

  private static CommandLine commandLine(List<Class<?>> commands) {
    CommandLine root = new CommandLine(new Main());
    commands.forEach(root::addSubcommand);
    return configured(root);
  }

  /** Returns the command that is called, or all: reading the options of all takes 0.2 s. */
  private static List<Class<?>> called(String... arguments) {
    List<Class<?>> called =
        COMMANDS.stream()
            .filter(command -> arguments.length > 0 && name(command).equals(arguments[0]))
            .toList();
    return called.isEmpty() ? COMMANDS : called;
  }

  private static String name(Class<?> command) {
    return Objects.requireNonNull(command.getAnnotation(Command.class)).name();
  }

  /** Prepares the parser of a command. */
  static CommandLine configured(Object command) {
    return configured(new CommandLine(command));
  }

  private static CommandLine configured(CommandLine command) {
    Failures failures = new Failures();
    return OptionRanges.install(command)
        .registerConverter(Path.class, new NonBlankPath())
        .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }

  private static CommandLine subcommand(CommandLine root, List<String> arguments) {
    CommandLine command = root;
    for (String argument : arguments) {
      if (!command.getSubcommands().containsKey(argument)) {
        return command;
      }
      command = command.getSubcommands().get(argument);
    }
    return command;
  }

  /** Returns a command's option names without dashes, the longest name of each option. */
  static List<String> options(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .map(option -> option.longestName().substring(2))
        .toList();
  }
}
