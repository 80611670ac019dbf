package dev.lora4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** A hidden temporary directory beside a file to be written; closing deletes it. */
public final class ScratchDirectory implements AutoCloseable {
  private final Path path;

  private ScratchDirectory(Path path) {
    this.path = path;
  }

  /** Creates a directory, with missing parents. */
  public static ScratchDirectory beside(Path target) {
    Path absolute = target.toAbsolutePath();
    Path path = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID());
    try {
      return new ScratchDirectory(Files.createDirectories(path));
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  public Path path() {
    return path;
  }

  /** Deletes the directory if it still exists. */
  @Override
  public void close() {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // The result, or the failure before it, matters more.
      return;
    }
  }
}
