package dev.lora4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "benchmarks are started by bash")
class OwnedCommandTest {
  /** Starts a process with a child of its own, prints its number and waits. */
  static final class Owner {
    private Owner() {}

    public static void main(String... arguments) throws IOException, InterruptedException {
      List<String> command = List.of("bash", "-c", "sleep 300 & wait");
      Process owned = new ProcessBuilder(OwnedCommand.of(command)).start();
      while (owned.children().noneMatch(OwnedCommandTest::sleeps)) {
        Thread.sleep(10);
      }
      System.out.println(owned.pid());
      owned.waitFor();
    }
  }

  private static boolean sleeps(ProcessHandle process) {
    return process.info().command().filter(command -> command.endsWith("sleep")).isPresent();
  }

  @Test
  void processAndItsChildrenEndWhenTheirOwnerIsKilled() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process owner =
        new ProcessBuilder(
                java,
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Owner.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = owner.inputReader(StandardCharsets.UTF_8)) {
      ProcessHandle owned = ProcessHandle.of(Long.parseLong(lines.readLine())).orElseThrow();
      List<ProcessHandle> family = owned.children().toList();
      assertThat(family).anyMatch(OwnedCommandTest::sleeps);

      owner.destroyForcibly().waitFor(); // SIGKILL
      owned.onExit().get(30, TimeUnit.SECONDS);
      for (ProcessHandle child : family) {
        child.onExit().get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void outputAndExitStatusAreThoseOfTheCommand() throws Exception {
    Process process =
        new ProcessBuilder(OwnedCommand.of(List.of("bash", "-c", "echo \"$0\"; exit 3", "a b")))
            .start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(lines.readLine()).isEqualTo("a b");
    }
    assertThat(process.waitFor()).isEqualTo(3);
  }
}
