package dev.lora4j;

import java.nio.file.Path;

/**
 * A file that is not what it claims to be: truncated, damaged, or of another format. The message
 * names the file, the place in it, what was expected and what was found.
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
