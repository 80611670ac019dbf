package dev.lora4j.data;

import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * A kind of file that holds rows with named fields, such as parquet. Implementations are found by
 * {@link java.util.ServiceLoader}, so another artifact on the class path adds a format.
 */
public interface RowFormat {

  /** Receives rows as JSON objects, numbered from 1, and returns whether to read on. */
  @FunctionalInterface
  interface RowConsumer {
    boolean accept(long number, String json);
  }

  /** File name endings in lower case, without the dot. */
  Set<String> endings();

  /**
   * Reads the rows in the file's order; the whole file is never in memory.
   *
   * @throws CorruptFile if the file is not of this format
   */
  void read(Path file, RowConsumer rows);

  /** Returns a file's ending in lower case and without the dot, looking through {@code .gz}. */
  static String ending(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    return plain.substring(plain.lastIndexOf('.') + 1);
  }
}
