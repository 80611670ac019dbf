package dev.lora4j;

import java.nio.file.Path;

/** Thrown for a damaged file; the message names file, position, what was expected and found. */
public final class CorruptFile extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CorruptFile(Path file, String problem) {
    super(file + ": " + problem);
  }

  public CorruptFile(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }
}
