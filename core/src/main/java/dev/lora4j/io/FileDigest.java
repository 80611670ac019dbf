package dev.lora4j.io;

import dev.lora4j.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** SHA-256 of files and folders. */
public final class FileDigest {
  private FileDigest() {}

  /**
   * Returns the hexadecimal digest of a file's bytes; of a folder, that of the names and digests of
   * its files, sorted by name.
   *
   * @throws UserError if it can't be read
   */
  public static String sha256(Path path) {
    try {
      return HexFormat.of().formatHex(Files.isDirectory(path) ? ofFolder(path) : ofFile(path));
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  private static byte[] ofFolder(Path folder) throws IOException {
    MessageDigest digest = TensorDigest.sha256();
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      String name = folder.relativize(file).toString().replace('\\', '/');
      digest.update((name + "\n").getBytes(StandardCharsets.UTF_8));
      digest.update(ofFile(file));
    }
    return digest.digest();
  }

  private static byte[] ofFile(Path file) throws IOException {
    MessageDigest digest = TensorDigest.sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return digest.digest();
  }
}
