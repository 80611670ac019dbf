package dev.lora4j.models.text;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.models.table.FileQuery;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Streams rows of jsonl, json, csv, tsv and parquet files as JSON, through DuckDB. */
final class DataFile {
  /** Receives a row; returns whether to continue. */
  @FunctionalInterface
  interface Taker {
    boolean take(long number, String json);
  }

  private static final String OBJECTS = "SELECT CAST(json AS VARCHAR) FROM read_json_objects(?, ";
  private static final String TABLE =
      "SELECT CAST(to_json(t) AS VARCHAR) FROM read_csv(?, all_varchar=true, header=true, "
          + "quote='\"', escape='\"', delim=";
  private static final Map<String, String> QUERIES =
      Map.of(
          "jsonl", OBJECTS + "format='newline_delimited')",
          "ndjson", OBJECTS + "format='newline_delimited')",
          "json", OBJECTS + "format='auto')",
          "csv", TABLE + "',') t",
          "tsv", TABLE + "'\t') t",
          "parquet", "SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet(?) t");

  private DataFile() {}

  /** The supported file extensions. */
  static List<String> endings() {
    return QUERIES.keySet().stream().sorted().toList();
  }

  /** The extension of a file, without the dot and {@code .gz}. */
  static String ending(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    return plain.substring(plain.lastIndexOf('.') + 1);
  }

  /**
   * Passes on the rows in order.
   *
   * @throws CorruptFile if the content does not match the extension
   */
  static void read(Path file, Taker taker) {
    String query = QUERIES.get(ending(file));
    if (query == null) {
      throw new UserError(
          file + ": expected a file ending in " + String.join(", ", endings()) + " or txt");
    }
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new UserError("cannot read " + file + ": no such file, or no permission");
    }
    FileQuery.run(
        file,
        query,
        rows -> {
          long number = 0;
          while (rows.next() && taker.take(number + 1, rows.getString(1))) {
            number++;
          }
          return number;
        });
  }
}
