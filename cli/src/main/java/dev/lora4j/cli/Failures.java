package dev.lora4j.cli;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.FormerNames;
import dev.lora4j.cli.show.TerminalText;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.nn.NotFinite;
import dev.lora4j.nn.runtime.OutOfMemory;
import dev.lora4j.train.TrainingFailed;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Reports failures on standard error: a sentence for bad input and for missing resources, a stack
 * trace for a bug.
 */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
  private static final String TOO_DEEP =
      "an input is nested too deeply, such as a JSON value, a regular expression or a chat template;"
          + " simplify it";
  private static final String OUT_OF_MEMORY =
      "out of memory: use a smaller model, batch size, sequence length or rank, or fewer workers; if"
          + " the Java heap is full, raise its limit with the environment variable"
          + " LORA_JAVA_OPTIONS=-Xmx8g";

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    return report(e, command.getErr());
  }

  /** Reports whatever ended a command, and returns the exit status. */
  static int report(Throwable e, PrintWriter err) {
    String message = TerminalText.harmless(String.valueOf(e.getMessage()));
    if (AtomicFile.isDiskFull(e) || e instanceof TrainingFailed || e instanceof NotFinite) {
      return say(err, message, ExitCode.SOFTWARE);
    }
    if (e instanceof UserError || e instanceof CorruptFile) {
      return say(err, message, ExitCode.USAGE);
    }
    if (e instanceof InvalidPathException) {
      return say(err, "not a valid path: " + message, ExitCode.USAGE);
    }
    if (e instanceof StackOverflowError) {
      return say(err, TOO_DEEP, ExitCode.SOFTWARE);
    }
    if (OutOfMemory.isIn(e)) {
      return say(err, OUT_OF_MEMORY, ExitCode.SOFTWARE);
    }
    return e instanceof LinkageError ? unlinked(e, err) : bug(e, err);
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    String message =
        unmatched(e)
            .map(argument -> unknown(argument, command))
            .orElseGet(() -> lowerCase(String.valueOf(e.getMessage())));
    return say(
        command.getErr(),
        "%s%nSee '%s --help'.".formatted(message, command.getCommandSpec().qualifiedName()),
        ExitCode.USAGE);
  }

  /** Returns the argument that no option matches: a mistyped name, also of a required option. */
  private static Optional<String> unmatched(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      return unmatched.getUnmatched().stream().findFirst();
    }
    return e instanceof MissingParameterException
        ? e.getCommandLine().getUnmatchedArguments().stream()
            .filter(argument -> argument.startsWith("--"))
            .findFirst()
        : Optional.empty();
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
  private static int unlinked(Throwable e, PrintWriter err) {
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
