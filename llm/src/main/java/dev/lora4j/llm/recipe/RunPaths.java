package dev.lora4j.llm.recipe;

import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Paths in the files of a run, relative to its directory, so that they hold for every working
 * directory and do not reveal where a run took place.
 */
public final class RunPaths {
  /** The key of an options file whose paths are relative to the file, with the value "file". */
  public static final String KEY = "paths-relative-to";

  /**
   * The only value of {@link #KEY}; without the key, paths are relative to the working directory.
   */
  public static final String FILE = "file";

  private final Path directory;

  /**
   * The paths of a run.
   *
   * @param directory an existing directory
   */
  public RunPaths(Path directory) {
    this.directory = real(directory);
  }

  /** The paths in a file of a run. */
  public static RunPaths in(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    return new RunPaths(directory == null ? file : directory);
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  /**
   * Returns a path relative to the directory, beginning with a dot; on another drive, the absolute
   * path.
   */
  String relative(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    Path target = parent == null || name == null ? absolute : real(parent).resolve(name);
    if (!directory.getRoot().equals(target.getRoot())) {
      return absolute.toString();
    }
    String relative = directory.relativize(target).toString().replace('\\', '/');
    return relative.isEmpty() ? "." : relative.startsWith("..") ? relative : "./" + relative;
  }

  /** Returns the path that was written relative to the directory; a Hub name is left as it is. */
  public String resolve(String written) {
    if (!written.startsWith(".")) {
      return written;
    }
    Path path = directory.resolve(written).normalize();
    Path here = Path.of("").toAbsolutePath();
    return (path.startsWith(here) && !path.equals(here) ? here.relativize(path) : path).toString();
  }
}
