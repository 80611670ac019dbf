package dev.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  private final Path dir;

  AtomicFileTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void writesIntoNewDirectories() throws IOException {
    Path target = dir.resolve("a/b/file");

    AtomicFile.write(target, text("hello"));

    assertThat(target).hasContent("hello");
    assertThat(filesIn(dir.resolve("a/b"))).containsExactly("file");
  }

  @Test
  void fullDiskIsDistinguishedFromOtherFailures() {
    Path target = dir.resolve("file");
    UserError full =
        AtomicFile.explained(target, new FileSystemException("f", null, "No space left on device"));

    assertThat(AtomicFile.isDiskFull(new UserError("on the way: " + full.getMessage(), full)))
        .isTrue();
    assertThat(AtomicFile.isDiskFull(AtomicFile.explained(target, new IOException("torn cable"))))
        .isFalse();
    assertThat(AtomicFile.isDiskFull(new UserError("no space left"))).isFalse();
  }

  @Test
  void replacesAnOldFile() throws IOException {
    Path target = Files.writeString(dir.resolve("file"), "old");

    AtomicFile.write(target, text("new"));

    assertThat(target).hasContent("new");
    assertThat(filesIn(dir)).containsExactly("file");
  }

  @Test
  void failureLeavesOnlyTheOldFile() throws IOException {
    Path target = Files.writeString(dir.resolve("file"), "old");

    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    target,
                    out -> {
                      out.write(ByteBuffer.wrap(new byte[100]));
                      throw new IllegalStateException("half way");
                    }))
        .isInstanceOf(IllegalStateException.class);

    assertThat(target).hasContent("old");
    assertThat(filesIn(dir)).containsExactly("file");
  }

  @Test
  void fullDiskIsReportedWithARemedy() throws IOException {
    Path target = dir.resolve("file");

    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    target,
                    out -> {
                      throw new IOException("No space left on device");
                    }))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "cannot write %s: no space left on the disk of %s; free some or choose another place",
            target, dir);
    assertThat(filesIn(dir)).isEmpty();
  }

  @Test
  void deniedDirectoryIsReportedWithARemedy() {
    Path target = dir.resolve("file");

    assertThat(AtomicFile.explained(target, new AccessDeniedException(target.toString())))
        .hasMessage(
            "cannot write %s: no permission in %s; choose another place or change its permissions",
            target, dir);
    assertThat(AtomicFile.explained(target, new FileSystemException("x", null, "odd")))
        .hasMessageEndingWith(": odd");
  }

  @Test
  void directoryIsNotReplaced() throws IOException {
    Path target = Files.createDirectory(dir.resolve("file"));

    assertThatThrownBy(() -> AtomicFile.write(target, text("new")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("it is a directory");

    assertThat(target).isDirectory();
    assertThat(filesIn(dir)).containsExactly("file");
  }

  @Test
  void fileInsteadOfADirectoryIsRefused() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "old");

    assertThatThrownBy(() -> AtomicFile.write(file.resolve("inner"), text("new")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot write " + file.resolve("inner"));
  }

  private static AtomicFile.Content text(String text) {
    return out -> out.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  private static List<String> filesIn(Path dir) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }
}
