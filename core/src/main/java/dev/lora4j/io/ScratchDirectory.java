package dev.lora4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A hidden directory beside a place that is to be written, on the same disk, for what is needed on
 * the way there. Closing deletes it with all that it holds.
 */
public final class ScratchDirectory implements AutoCloseable {
  private final Path path;

  private ScratchDirectory(Path path) {
    this.path = path;
  }

  /**
   * Makes one; missing parents are made too.
   *
   * @throws dev.lora4j.UserError when the disk refuses
   */
  public static ScratchDirectory beside(Path target) {
    Path absolute = target.toAbsolutePath();
    Path path = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID());
    try {
      return new ScratchDirectory(Files.createDirectories(path));
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** Deletes it, if it is still there. */
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
      // What was written, or why it could not be, is the thing to tell.
      return;
    }
  }
}
