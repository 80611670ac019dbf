package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDigestTest {
  @Test
  void fileHasTheDigestOfItsBytes(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("a"), "abc");
    assertThat(FileDigest.sha256(file))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThatThrownBy(() -> FileDigest.sha256(directory.resolve("gone")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("gone");
  }

  @Test
  void folderChangesItsDigestWithNamesAndContents(@TempDir Path directory) throws IOException {
    Path one = Files.createDirectories(directory.resolve("one/inner"));
    Path same = Files.createDirectories(directory.resolve("same/inner"));
    Files.writeString(one.resolve("a"), "x");
    Files.writeString(same.resolve("a"), "x");
    String before = FileDigest.sha256(one.getParent());

    assertThat(FileDigest.sha256(same.getParent())).isEqualTo(before);
    Files.writeString(one.resolve("a"), "y");
    assertThat(FileDigest.sha256(one.getParent())).isNotEqualTo(before);
    Files.move(same.resolve("a"), same.resolve("b"));
    assertThat(FileDigest.sha256(same.getParent())).isNotEqualTo(before);
  }
}
