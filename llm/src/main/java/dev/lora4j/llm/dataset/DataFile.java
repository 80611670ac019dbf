package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rows of a data file as JSON objects. JSON is read here; other formats come from the {@link
 * RowFormat}s on the class path.
 */
final class DataFile {
  private static final Set<String> IN_TABLES = Set.of("csv", "tsv", "parquet");

  private DataFile() {}

  /**
   * Reads the rows from the first on, until {@code rows} returns false.
   *
   * @throws dev.lora4j.CorruptFile when the file is not what its name says
   */
  static void read(Path file, RowFormat.RowConsumer rows) {
    RowFormat format = format(file);
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new UserError("cannot read " + file + ": there is no such file, or no permission");
    }
    format.read(file, rows);
  }

  private static RowFormat format(Path file) {
    String ending = RowFormat.ending(file);
    List<RowFormat> formats = formats();
    return formats.stream()
        .filter(format -> format.endings().contains(ending))
        .findFirst()
        .orElseThrow(() -> new UserError(file + ": " + unreadable(ending, formats)));
  }

  private static List<RowFormat> formats() {
    List<RowFormat> formats = new ArrayList<>(List.of(new JsonRows()));
    ServiceLoader.load(RowFormat.class, RowFormat.class.getClassLoader()).forEach(formats::add);
    return formats;
  }

  private static String unreadable(String ending, List<RowFormat> formats) {
    if (IN_TABLES.contains(ending)) {
      return "reading ." + ending + " files needs lora4j-tables on the class path";
    }
    TreeSet<String> endings = new TreeSet<>();
    formats.forEach(format -> endings.addAll(format.endings()));
    return "expected a file ending in " + String.join(", ", endings) + " or txt";
  }
}
