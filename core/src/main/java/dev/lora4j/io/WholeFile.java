package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files that fit in memory, such as configs, up to a limit. */
public final class WholeFile {
  private WholeFile() {}

  /**
   * Reads a file.
   *
   * @param maxBytes the limit
   * @throws CorruptFile if the file is larger
   */
  public static byte[] read(Path file, int maxBytes) throws IOException {
    long size = Files.size(file); // 0 for a pipe or a device
    requireAtMost(maxBytes, file, size);
    if (size > 0) {
      return Files.readAllBytes(file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(maxBytes + 1);
      requireAtMost(maxBytes, file, content.length);
      return content;
    }
  }

  private static void requireAtMost(int maxBytes, Path file, long found) {
    if (found > maxBytes) {
      throw new CorruptFile(
          file, "expected at most %,d bytes, found %,d or more".formatted(maxBytes, found));
    }
  }
}
