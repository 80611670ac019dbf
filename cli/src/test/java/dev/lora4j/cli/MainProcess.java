package dev.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line in a process of its own. */
final class MainProcess {
  private MainProcess() {}

  /** With standard error in standard output; the caller starts it. */
  static ProcessBuilder of(String... arguments) {
    return of(List.of(), arguments);
  }

  /**
   * @param options Java's
   */
  static ProcessBuilder of(List<String> options, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true);
  }
}
