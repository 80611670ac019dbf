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
    Path one = directory.resolve("one");
    Path same = directory.resolve("same");
    for (Path folder : new Path[] {one, same}) {
      Files.createDirectories(folder.resolve("inner"));
      Files.writeString(folder.resolve("inner/a"), "x");
    }
    String before = FileDigest.sha256(one);

    assertThat(FileDigest.sha256(same)).isEqualTo(before);
    Files.writeString(one.resolve("inner/a"), "y");
    assertThat(FileDigest.sha256(one)).isNotEqualTo(before);
    Files.move(same.resolve("inner/a"), same.resolve("inner/b"));
    assertThat(FileDigest.sha256(same)).isNotEqualTo(before);
  }
}
