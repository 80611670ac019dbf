package dev.lora4j.models.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The expected hashes are {@code git hash-object} and {@code sha256sum} of the same text. */
class BlobHashTest {
  private final Path dir;

  BlobHashTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void isGitsForFortyDigitsAndShaForSixtyFour() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "hello\n");
    String git = "ce013625030ba8dba906f756967f9e9ca394464a";
    String sha = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    assertThat(BlobHash.of(git)).contains(BlobHash.GIT);
    assertThat(BlobHash.GIT.of(file)).isEqualTo(git);
    assertThat(BlobHash.of(sha)).contains(BlobHash.SHA_256);
    assertThat(BlobHash.SHA_256.of(file)).isEqualTo(sha);
    assertThat(BlobHash.of("some-mark")).isEmpty();
  }
}
