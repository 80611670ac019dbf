package dev.lora4j.serve.jobs;

import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.TemporaryPath;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The directories of files and jobs. */
final class JobDirectories {
  private JobDirectories() {}

  static void create(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw AtomicFile.explained(directory, e);
    }
  }

  /** The directories whose name matches a pattern; none if there is no parent. */
  static List<Path> list(Path parent, Pattern name) {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    TemporaryPath.sweep(parent);
    try (Stream<Path> entries = Files.list(parent)) {
      return entries
          .filter(entry -> name.matcher(entry.getFileName().toString()).matches())
          .filter(Files::isDirectory)
          .toList();
    } catch (IOException e) {
      throw Unreadable.because(parent, e);
    }
  }

  static void deleteTree(Path tree) {
    if (Files.exists(tree)) {
      TemporaryPath.discard(tree);
    }
  }
}
