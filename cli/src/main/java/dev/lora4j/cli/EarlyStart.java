package dev.lora4j.cli;

import dev.lora4j.nn.runtime.Blas;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.EngineSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Loads libtorch while the command line is still being parsed, for commands that need it: loading
 * takes a second.
 */
final class EarlyStart {
  private static final Set<String> COMPUTE =
      Set.of("train", "eval", "demo", "chat", "generate", "serve", "embed");
  private static final Set<String> WRITE = Set.of("chat", "generate", "serve");
  private static final List<String> INFORM = List.of("-h", "--help", "-V", "--version");

  private EarlyStart() {}

  static void of(String... arguments) {
    List<String> words = Arrays.asList(arguments);
    String command = words.isEmpty() ? "" : words.get(0);
    if (WRITE.contains(command)) {
      Blas.preferSingleRows();
    }
    if (!COMPUTE.contains(command) || words.stream().anyMatch(INFORM::contains)) {
      return;
    }
    EngineSettings.apply();
    Thread thread = new Thread(EarlyStart::start, "engine-start");
    thread.setDaemon(true);
    thread.start();
  }

  private static void start() {
    try {
      Engine.start();
    } catch (LinkageError e) {
      // The command fails with the same error and reports it.
    }
  }
}
