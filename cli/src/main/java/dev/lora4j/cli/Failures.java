package dev.lora4j.cli;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.train.TrainingFailed;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Tells failures: the user's mistakes in a sentence, our own with a stack trace. */
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
}
