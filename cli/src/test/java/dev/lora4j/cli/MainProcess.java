package dev.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line in a process of its own. */
final class MainProcess {
  private MainProcess() {}

  /** Prepares a process whose standard error goes to its standard output. */
  static ProcessBuilder of(String... arguments) {
    return of(List.of(), arguments);
  }

  /**
   * Prepares a process with options for Java.
   *
   * @param options the options of the virtual machine
   */
  static ProcessBuilder of(List<String> options, String... arguments) {
    return of(Main.class, options, arguments);
  }

  /** Prepares a process that runs another main class. */
  static ProcessBuilder of(Class<?> main, List<String> options, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true);
  }
}
