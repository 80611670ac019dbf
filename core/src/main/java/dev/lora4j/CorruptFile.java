package dev.lora4j;

import java.nio.file.Path;

/**
 * Thrown for a file that is truncated, damaged or of another format. The message names the file,
 * the position, what was expected and what was found.
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
