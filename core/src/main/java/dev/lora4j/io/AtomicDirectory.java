package dev.lora4j.io;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** Directories that appear complete or not at all: written beside the target, then renamed. */
public final class AtomicDirectory {

  private AtomicDirectory() {}

  /**
   * Writes {@code target}, which must be new or empty, and creates missing parents. A failure
   * leaves nothing behind.
   *
   * @throws UserError when the target is in use, or the disk refuses
   */
  public static void write(Path target, AtomicFile.Writer content) {
    requireFree(target);
    Path absolute = target.toAbsolutePath();
    try (ScratchDirectory temporary = ScratchDirectory.beside(target)) {
      content.writeTo(temporary.path());
      Files.deleteIfExists(absolute); // an empty directory
      Files.move(temporary.path(), absolute, StandardCopyOption.ATOMIC_MOVE);
      AtomicFile.forceDirectory(absolute);
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  /**
   * Refuses a target that is in use.
   *
   * @throws UserError if it is a file, a directory that is not empty, or another process writes it
   */
  public static void requireFree(Path target) {
    TemporaryPath.writer(target)
        .ifPresent(
            writer -> {
              throw new UserError("cannot write " + target + ": " + writer + " is writing it");
            });
    if (!Files.exists(target)) {
      return;
    }
    if (!Files.isDirectory(target)) {
      throw new UserError("cannot write " + target + ": there is a file of that name");
    }
    try (Stream<Path> files = Files.list(target)) {
      if (files.findAny().isPresent()) {
        throw new UserError(
            "cannot write "
                + target
                + ": it is not empty; choose another place or delete it first");
      }
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }
}
