package dev.lora4j.io.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumTest {

  /** The digests of "abc" in RFC 1321 and FIPS 180-2. */
  @Test
  void equalsThePublishedDigests(@TempDir Path dir) throws IOException {
    Path abc = Files.writeString(dir.resolve("abc"), "abc");

    Checksum md5 = Checksum.md5("900150983CD24FB0D6963F7D28E17F72");
    assertThat(md5.of(abc)).isEqualTo(md5.hex());
    assertThat(Checksum.sha256("").of(abc))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  /** The hash is {@code git hash-object} of the same text. */
  @Test
  void gitBlobIsHashedWithItsSize(@TempDir Path dir) throws IOException {
    Path hello = Files.writeString(dir.resolve("hello"), "hello\n");
    assertThat(Checksum.gitBlob("").of(hello))
        .isEqualTo("ce013625030ba8dba906f756967f9e9ca394464a");
  }
}
