package dev.lora4j;

import java.nio.file.Path;

/**
 * Thrown for a damaged file; the message names the file, the position, and the expected and actual
 * values.
 */
public final class CorruptFile extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CorruptFile(Path file, String problem) {
    super(file + ": " + problem);
  }

  public CorruptFile(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }
}
