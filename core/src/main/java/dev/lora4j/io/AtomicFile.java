package dev.lora4j.io;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * Files that appear complete or not at all: written beside the target, flushed to the disk, and
 * renamed in one step. Readers see the old file or the new one, even after a crash or a power cut.
 */
public final class AtomicFile {

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    void writeTo(WritableByteChannel out) throws IOException;
  }

  /** Writes a file or directory by its path. */
  @FunctionalInterface
  public interface Writer {
    void writeTo(Path temporary) throws IOException;
  }

  private AtomicFile() {}

  /** Writes bytes; see {@link #write(Path, Content)}. */
  public static void write(Path target, byte[] bytes) {
    write(target, out -> writeFully(out, ByteBuffer.wrap(bytes)));
  }

  /** Writes all remaining bytes. */
  public static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /**
   * Writes {@code target}, replacing an old file of that name, and creates missing parent
   * directories. A failure leaves the old file unchanged and no temporary file behind.
   *
   * @throws UserError when the disk refuses: no space, no permission, a directory of that name
   */
  public static void write(Path target, Content content) {
    replace(
        target,
        temporary -> {
          try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            content.writeTo(out);
            out.force(true);
          }
        });
  }

  /** Writes a file by name; see {@link #write(Path, Content)}. */
  public static void writeByName(Path target, Writer writer) {
    replace(
        target,
        temporary -> {
          writer.writeTo(temporary);
          try (FileChannel written = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            written.force(true);
          }
        });
  }

  private static void replace(Path target, Writer writer) {
    try (TemporaryPath temporary = TemporaryPath.beside(target)) {
      Files.createFile(temporary.path());
      writer.writeTo(temporary.path());
      moveInto(target.toAbsolutePath(), temporary.path());
    } catch (IOException e) {
      throw explained(target, e);
    } catch (ReadOnlyFileSystemException e) {
      throw new UserError("cannot write " + target + ": the file system is read-only", e);
    }
  }

  /** Renames a finished file of the same directory in one step and flushes the directory. */
  public static void moveInto(Path target, Path finished) throws IOException {
    if (Files.isDirectory(target)) {
      // A rename over an empty directory would succeed on some systems.
      throw new FileSystemException(target.toString(), null, "it is a directory");
    }
    Files.move(finished, target, StandardCopyOption.ATOMIC_MOVE);
    forceDirectory(target);
  }

  /** Flushes the parent directory to the disk. */
  static void forceDirectory(Path target) {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null) {
      return;
    }
    try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
      directory.force(true);
    } catch (IOException e) {
      // Not possible on Windows and some network disks; the rename itself is done.
      return;
    }
  }

  /** Deletes a temporary file, ignoring failures. */
  public static void deleteQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The first failure is the one to report; after a success there is nothing to delete.
      return;
    }
  }

  /** Returns the error for a failure of the file system, with the remedy. */
  public static UserError explained(Path target, IOException e) {
    Path parent = target.toAbsolutePath().getParent();
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    String problem;
    if (e instanceof AccessDeniedException) {
      problem = "no permission in " + parent + "; choose another place or change its permissions";
    } else if (isDiskFull(e)) {
      problem = "no space left on the disk of " + parent + "; free some or choose another place";
    } else if (reason == null) {
      problem = e.toString();
    } else {
      problem = reason;
    }
    return new UserError("cannot write " + target + ": " + problem, e);
  }

  /** Returns whether a failure comes from a full disk. */
  public static boolean isDiskFull(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
      String lower = reason == null ? "" : reason.toLowerCase(Locale.ROOT);
      if (e instanceof IOException
          && (lower.contains("no space left") || lower.contains("not enough space"))) {
        return true;
      }
    }
    return false;
  }
}
