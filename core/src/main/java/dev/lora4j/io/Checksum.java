package dev.lora4j.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The digest that a file is known to have.
 *
 * @param algorithm {@code MD5} or {@code SHA-256}
 * @param hex the digest in hexadecimal
 */
public record Checksum(String algorithm, String hex) {
  private static final int BUFFER = 1 << 20;

  public Checksum {
    hex = hex.toLowerCase(Locale.ROOT);
  }

  /** For files whose publisher gives nothing better: it finds accidents, not attacks. */
  public static Checksum md5(String hex) {
    return new Checksum("MD5", hex);
  }

  /** A SHA-256 digest. */
  public static Checksum sha256(String hex) {
    return new Checksum("SHA-256", hex);
  }

  /** What a file's digest of this algorithm is, in hexadecimal. */
  String of(Path file) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      int read;
      while ((read = in.read(buffer)) >= 0) {
        digest.update(buffer, 0, read);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
