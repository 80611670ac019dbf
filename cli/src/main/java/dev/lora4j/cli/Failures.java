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
    return bug(e, err);
  }

  /** A class that can't be linked: libtorch is not to be had here, or else it is our mistake. */
  static int tell(LinkageError e, PrintWriter err) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    // Once it failed on another thread, the cause is a text that names it.
    if (!root.toString().contains(UnsatisfiedLinkError.class.getName())) {
      return bug(e, err);
    }
    err.printf(
        "lora: the native libraries can't be loaded on this machine (%s, %s): %s%n"
            + "docs/library.md lists the platforms that have them.%n",
        System.getProperty("os.name"), System.getProperty("os.arch"), root.getMessage());
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static int bug(Throwable e, PrintWriter err) {
    err.println("lora: this is a bug; please report it with these lines:");
    e.printStackTrace(err);
    return CommandLine.ExitCode.SOFTWARE;
  }
}
