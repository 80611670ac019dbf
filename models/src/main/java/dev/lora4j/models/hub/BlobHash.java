package dev.lora4j.models.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The hash that a Hub's entity tag is: SHA-256 of a large file, which it keeps outside Git, and
 * Git's own hash of a small one, SHA-1 of {@code blob SIZE\0} and the content. Tags of other
 * lengths are of servers that only resemble a Hub, and can't be checked.
 */
enum BlobHash {
  SHA_256("SHA-256", 64),
  GIT("SHA-1", 40);

  private static final int BUFFER = 1 << 20;

  private final String algorithm;
  private final int digits;

  BlobHash(String algorithm, int digits) {
    this.algorithm = algorithm;
    this.digits = digits;
  }

  /** Which hash a tag is, if it is one. */
  static Optional<BlobHash> of(String etag) {
    for (BlobHash hash : values()) {
      if (etag.matches("[0-9a-f]{" + hash.digits + "}")) {
        return Optional.of(hash);
      }
    }
    return Optional.empty();
  }

  /** This hash of a file, in hexadecimal. */
  String of(Path file) throws IOException {
    MessageDigest digest = digest();
    if (this == GIT) {
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
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
