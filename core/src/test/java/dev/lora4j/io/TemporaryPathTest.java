package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Temporary files and directories of living and killed processes. */
class TemporaryPathTest {
  private final Path dir;

  TemporaryPathTest(@TempDir Path dir) {
    this.dir = dir;
  }

  /** A process that writes a directory and never finishes. */
  static final class Writing {
    private Writing() {}

    public static void main(String[] arguments) {
      AtomicDirectory.write(
          Path.of(arguments[0]),
          temporary -> {
            Files.writeString(temporary.resolve("half"), "half");
            System.out.println("writing");
            sleep();
          });
    }

    @SuppressWarnings("BusyWait")
    private static void sleep() {
      while (true) {
        try {
          Thread.sleep(1000);
        } catch (InterruptedException e) {
          return;
        }
      }
    }
  }

  private static Process writing(Path target) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Writing.class.getName(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    assertThat(lines.readLine()).isEqualTo("writing");
    return process;
  }

  @Test
  @Timeout(60)
  void directoryThatALivingProcessWritesIsRefusedAndSweptOnceItIsKilled() throws Exception {
    Path target = dir.resolve("merged");
    Process other = writing(target);

    assertThatThrownBy(() -> AtomicDirectory.requireFree(target))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot write %s: process %d is writing it", target, other.pid());
    AtomicFile.write(dir.resolve("beside"), new byte[1]);
    assertThat(entries()).hasSize(3); // the living process keeps its own

    other.destroyForcibly().waitFor();
    AtomicFile.write(dir.resolve("beside"), new byte[1]);
    assertThat(entries()).containsExactly("beside");
    AtomicDirectory.write(target, path -> Files.writeString(path.resolve("whole"), "whole"));
    assertThat(entries()).containsExactly("beside", "merged");
  }

  @Test
  void onlyOwnNamesAreSwept() throws IOException {
    String name = ".file.lora4j-" + UUID.randomUUID();
    Files.createDirectories(dir.resolve(name).resolve("inner"));
    Files.createFile(dir.resolve(name + ".lock"));
    List<String> others =
        List.of(".file." + UUID.randomUUID(), ".file.lora4j-old.lock", "file.lora4j", ".hidden");
    for (String other : others) {
      Files.createFile(dir.resolve(other));
    }

    AtomicFile.write(dir.resolve("other"), new byte[1]);

    assertThat(entries())
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(others.stream(), Stream.of("other")).toList());
  }

  @Test
  void temporaryOfThisProcessIsKept() throws IOException {
    try (ScratchDirectory scratch = ScratchDirectory.beside(dir.resolve("a"))) {
      AtomicFile.write(dir.resolve("b"), new byte[1]);
      AtomicDirectory.requireFree(dir.resolve("a"));
      assertThat(scratch.path()).isDirectory();
    }
    assertThat(entries()).containsExactly("b");
  }

  @Test
  void discardedDirectoryIsGone() throws IOException {
    Path tree = Files.createDirectories(dir.resolve("tree/inner"));
    Files.createFile(tree.resolve("file"));
    TemporaryPath.discard(dir.resolve("tree"));
    assertThat(entries()).isEmpty();
  }

  @Test
  void linkInsteadOfAFileIsReplacedAndNotFollowed() throws IOException {
    Path elsewhere = Files.writeString(dir.resolve("elsewhere"), "old");
    Path link = Files.createSymbolicLink(dir.resolve("link"), elsewhere);

    AtomicFile.write(link, new byte[] {'n', 'e', 'w'});

    assertThat(elsewhere).hasContent("old");
    assertThat(link).hasContent("new");
    assertThat(Files.isSymbolicLink(link)).isFalse();
  }

  private List<String> entries() throws IOException {
    try (Stream<Path> entries = Files.list(dir)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }
}
