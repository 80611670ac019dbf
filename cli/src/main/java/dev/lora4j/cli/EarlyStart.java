package dev.lora4j.cli;

import dev.lora4j.nn.Blas;
import dev.lora4j.nn.Engine;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Wakes the engine up while the command line is still being read, for commands that are sure to
 * want it: that takes a second.
 */
final class EarlyStart {
  private static final Set<String> COMPUTE = Set.of("train", "eval", "demo", "chat", "generate");
  private static final Set<String> WRITE = Set.of("chat", "generate");
  private static final List<String> TELL = List.of("-h", "--help", "-V", "--version");

  private EarlyStart() {}

  static void of(String... arguments) {
    List<String> words = Arrays.asList(arguments);
    String command = words.isEmpty() ? "" : words.get(0);
    if (WRITE.contains(command)) {
      Blas.preferSingleRows();
    }
    if (!COMPUTE.contains(command) || words.stream().anyMatch(TELL::contains)) {
      return;
    }
    Thread thread = new Thread(EarlyStart::start, "engine-start");
    thread.setDaemon(true);
    thread.start();
  }

  private static void start() {
    try {
      Engine.start();
    } catch (LinkageError e) {
      // The command meets it again as it begins to compute, and tells it.
    }
  }
}
