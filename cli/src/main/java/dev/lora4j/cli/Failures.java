package dev.lora4j.cli;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.FormerNames;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.train.TrainingFailed;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Reports failures on standard error: a sentence for bad input and for what the machine lacks, a
 * stack trace for a bug.
 */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (AtomicFile.isDiskFull(e) || e instanceof TrainingFailed) {
      return say(err, String.valueOf(e.getMessage()), ExitCode.SOFTWARE);
    }
    if (e instanceof UserError || e instanceof CorruptFile) {
      return say(err, String.valueOf(e.getMessage()), ExitCode.USAGE);
    }
    return bug(e, err);
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    String message =
        e instanceof UnmatchedArgumentException unmatched
            ? unknown(unmatched.getUnmatched().get(0), command)
            : lowerCase(String.valueOf(e.getMessage()));
    return say(
        command.getErr(),
        "%s%nSee '%s --help'.".formatted(message, command.getCommandSpec().qualifiedName()),
        ExitCode.USAGE);
  }

  private static String unknown(String argument, CommandLine command) {
    if (argument.startsWith("--")) {
      String name = argument.substring(2).replaceFirst("=.*", "");
      return "unknown option --" + name + new FormerNames(Main.options(command)).hint(name, "--");
    }
    List<String> commands = List.copyOf(command.getSubcommands().keySet());
    return commands.isEmpty()
        ? "unexpected argument '" + argument + "'"
        : "unknown command '" + argument + "'" + NearMiss.hint(argument, commands);
  }

  private static String lowerCase(String message) {
    return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
  }

  /** Reports a class that can't be linked: libtorch is unavailable here, or else it is a bug. */
  static int report(LinkageError e, PrintWriter err) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    // After a failure on another thread, the cause is a text that names the original error.
    if (!root.toString().contains(UnsatisfiedLinkError.class.getName())) {
      return bug(e, err);
    }
    return say(
        err,
        "the native libraries can't be loaded on this machine (%s, %s): %s%n"
                .formatted(
                    System.getProperty("os.name"), System.getProperty("os.arch"), root.getMessage())
            + "docs/library.md lists the supported platforms.",
        ExitCode.SOFTWARE);
  }

  private static int bug(Throwable e, PrintWriter err) {
    say(err, "this is a bug; please report it with these lines:", ExitCode.SOFTWARE);
    e.printStackTrace(err);
    return ExitCode.SOFTWARE;
  }

  /** Prints a sentence and returns the exit status. */
  static int say(PrintWriter err, String sentence, int status) {
    err.println("lora: " + sentence);
    return status;
  }
}
