package dev.lora4j.serve.engine;

import java.nio.file.Path;

/**
 * An adapter can't be loaded for a request: it is damaged, or does not fit the base model. The
 * message names its files relative to its directory, because clients read it.
 */
public final class BrokenAdapter extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param directory the adapter's
   * @param cause its message may name files of the directory
   */
  public BrokenAdapter(String name, Path directory, RuntimeException cause) {
    super("adapter '%s' can't be loaded: %s".formatted(name, withoutPath(directory, cause)), cause);
  }

  private static String withoutPath(Path directory, RuntimeException cause) {
    String path = directory.toString();
    return String.valueOf(cause.getMessage())
        .replace(path + directory.getFileSystem().getSeparator(), "")
        .replace(path, "its directory");
  }
}
