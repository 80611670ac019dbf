package dev.lora4j.cli;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.train.TrainingFailed;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/**
 * Tells failures: the user's mistakes and what a machine lacks in a sentence, our own with a stack
 * trace.
 */
final class Failures implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (AtomicFile.isDiskFull(e)) {
      err.println("lora: " + e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
    if (e instanceof UserError || e instanceof CorruptFile) {
      err.println("lora: " + e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    if (e instanceof TrainingFailed) {
      err.println("lora: " + e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
    err.println("lora: this is a bug; please report it with these lines:");
    e.printStackTrace(err);
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** Libtorch, or another library of native code, is not to be had here. */
  static int unloadable(LinkageError e, PrintWriter err) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    err.printf(
        "lora: the native libraries can't be loaded on this machine (%s, %s): %s%n"
            + "docs/library.md lists the platforms that have them.%n",
        System.getProperty("os.name"), System.getProperty("os.arch"), root.getMessage());
    return CommandLine.ExitCode.SOFTWARE;
  }
}
