package dev.lora4j.io.download;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The expected digest of a file.
 *
 * @param algorithm {@code MD5}, {@code SHA-256}, or {@code Git SHA-1}
 * @param hex the digest in hexadecimal
 */
public record Checksum(String algorithm, String hex) {
  private static final String GIT = "Git SHA-1";
  private static final int BUFFER = 1 << 20;

  public Checksum {
    hex = hex.toLowerCase(Locale.ROOT);
  }

  /** For files whose publisher provides no better checksum: it detects accidents, not attacks. */
  public static Checksum md5(String hex) {
    return new Checksum("MD5", hex);
  }

  public static Checksum sha256(String hex) {
    return new Checksum("SHA-256", hex);
  }

  /** Returns Git's hash of a file: SHA-1 of {@code blob SIZE\0} and the content. */
  public static Checksum gitBlob(String hex) {
    return new Checksum(GIT, hex);
  }

  /** Computes a file's digest of this algorithm, in hexadecimal. */
  String of(Path file) throws IOException {
    MessageDigest digest = digest();
    if (algorithm.equals(GIT)) {
      digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.UTF_8));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private MessageDigest digest() {
    try {
      return MessageDigest.getInstance(algorithm.equals(GIT) ? "SHA-1" : algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
