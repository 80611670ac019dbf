package dev.lora4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A hidden temporary directory beside a file to be written; closing deletes it. */
public final class ScratchDirectory implements AutoCloseable {
  private final TemporaryPath temporary;

  private ScratchDirectory(TemporaryPath temporary) {
    this.temporary = temporary;
  }

  /**
   * Creates a directory, with missing parents.
   *
   * @throws dev.lora4j.UserError when the disk refuses
   */
  public static ScratchDirectory beside(Path target) {
    try {
      TemporaryPath temporary = TemporaryPath.beside(target);
      Files.createDirectory(temporary.path());
      return new ScratchDirectory(temporary);
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  public Path path() {
    return temporary.path();
  }

  /** Deletes the directory if it still exists. */
  @Override
  public void close() {
    temporary.close();
  }
}
