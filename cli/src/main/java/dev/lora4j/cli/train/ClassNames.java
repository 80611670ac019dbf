package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;

/** The names of a classifier's outputs, in order, in an option or beside an adapter. */
final class ClassNames {
  private static final String FILE = "classes.txt";

  private ClassNames() {}

  /**
   * Reads the names that a user gave: a file with a name per line, or names separated by commas.
   *
   * @throws UserError if a name is blank or repeated
   */
  static List<String> parse(String given) {
    List<String> names = isFile(given) ? lines(Path.of(given)) : List.of(given.split(",", -1));
    List<String> stripped = names.stream().map(String::strip).toList();
    if (stripped.contains("") || new HashSet<>(stripped).size() < stripped.size()) {
      throw new UserError(
          "--classes: expected a file with a class per line, or different names separated by"
              + " commas; found "
              + given);
    }
    return stripped;
  }

  private static boolean isFile(String given) {
    try {
      return Files.isRegularFile(Path.of(given));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static List<String> lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  /** Returns the file with the names beside an adapter. */
  static Path file(Path directory) {
    return directory.resolve(FILE).toAbsolutePath();
  }

  /** Writes the names beside an adapter. */
  static void write(Path directory, List<String> names) {
    String text = String.join("\n", names) + "\n";
    AtomicFile.write(directory.resolve(FILE), text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns the names for an evaluation: those given, else those saved with the adapters.
   *
   * @param given empty without {@code --classes}
   * @throws UserError if an adapter was trained with other classes
   */
  static List<String> forAdapters(List<String> given, Collection<Path> adapters) {
    List<String> names = given;
    for (Path adapter : adapters) {
      Path file = adapter.resolve(FILE);
      if (Files.exists(file)) {
        List<String> saved = lines(file);
        if (!names.isEmpty() && !names.equals(saved)) {
          throw new UserError(
              "%s: trained with the classes %s; expected %s"
                  .formatted(file, String.join(", ", saved), String.join(", ", names)));
        }
        names = saved;
      }
    }
    return names;
  }
}
