package dev.lora4j.io;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Errors for files and directories that can't be read, in sentences that name the remedy. */
public final class Unreadable {
  private Unreadable() {}

  /** Returns the error for a failed read. */
  public static UserError because(Path path, IOException e) {
    return new UserError("cannot read " + path + ": " + reason(path, e), e);
  }

  /** Returns the reason of a failed read as the end of a sentence. */
  public static String reason(Path path, IOException e) {
    if (e instanceof NoSuchFileException || !Files.exists(path)) {
      return "there is no such file" + nearest(path);
    }
    if (e instanceof AccessDeniedException) {
      return "no permission; change its permissions or run as its owner";
    }
    if (Files.isDirectory(path)) {
      return "it is a directory, expected a file";
    }
    String given = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return given == null ? "an input error of the disk or network" : given;
  }

  /** Returns {@code "; did you mean …?"} with the entries of a missing path's parent. */
  public static String nearest(Path missing) {
    Path parent = missing.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      return "";
    }
    try (Stream<Path> entries = Files.list(parent)) {
      List<String> names = entries.map(entry -> String.valueOf(entry.getFileName())).toList();
      return NearMiss.suggestion(String.valueOf(missing.getFileName()), names);
    } catch (IOException e) {
      return "";
    }
  }
}
