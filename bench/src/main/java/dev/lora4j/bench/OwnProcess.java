package dev.lora4j.bench;

import java.util.ArrayList;
import java.util.List;

/** Command lines of benchmarks that run in a JVM of their own. */
final class OwnProcess {
  /** The heap of the launcher: most memory holds tensors. */
  static final List<String> SMALL_HEAP = List.of("-Xms64m", "-Xmn24m");

  private OwnProcess() {}

  /**
   * Returns the command of a benchmark in this JVM's version, to which arguments can be added.
   *
   * @param options further options of the JVM
   */
  static List<String> command(String benchmark, List<String> options) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(options);
    command.add("-XX:+UseSerialGC");
    command.add("-Dorg.bytedeco.javacpp.nopointergc=true");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(BenchMain.class.getName(), benchmark));
    return command;
  }
}
