package dev.lora4j.tables;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A CSV or Parquet file with one label column and numeric features, read by DuckDB.
 *
 * @param features names of the feature columns, in file order
 * @param numbers feature values, row by row
 * @param labels label values, row by row
 */
@SuppressWarnings("ArrayRecordComponent") // an array, but instances are never compared
record Table(List<String> features, float[] numbers, List<String> labels) {
  private static final Map<String, String> QUERIES =
      Map.of(
          "csv", "SELECT * FROM read_csv(?, header=true)",
          "parquet", "SELECT * FROM read_parquet(?)");

  /** The supported file extensions. */
  static List<String> endings() {
    return QUERIES.keySet().stream().sorted().toList();
  }

  /**
   * Reads a complete file.
   *
   * @param label name of the label column
   * @throws UserError if there is no such column, or a feature is not a number; the message names
   *     row and column
   * @throws CorruptFile if the content does not match the file's extension
   */
  static Table read(Path file, String label) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    String query = QUERIES.get(name.substring(name.lastIndexOf('.') + 1));
    if (query == null || !Files.isReadable(file)) {
      throw new UserError("cannot read " + file + ": expected a file of " + endings());
    }
    return FileQuery.run(file, query, rows -> read(file, label, rows));
  }

  private static Table read(Path file, String label, ResultSet rows) throws SQLException {
    List<String> columns = columns(rows.getMetaData());
    int labelAt = columns.indexOf(label);
    if (labelAt < 0) {
      throw new UserError(file + ": no column '" + label + "'" + NearMiss.hint(label, columns));
    }
    List<String> labels = new ArrayList<>();
    float[] numbers = new float[1024];
    int filled = 0;
    while (rows.next()) {
      numbers = Arrays.copyOf(numbers, roomFor(numbers.length, filled + columns.size()));
      for (int i = 0; i < columns.size(); i++) {
        Object value = rows.getObject(i + 1);
        if (i == labelAt) {
          labels.add(label(file, labels.size(), label, value));
        } else {
          numbers[filled++] = number(file, labels.size(), columns.get(i), value, i < labelAt);
        }
      }
    }
    columns.remove(labelAt);
    return new Table(List.copyOf(columns), Arrays.copyOf(numbers, filled), List.copyOf(labels));
  }

  private static int roomFor(int present, int wanted) {
    return wanted <= present ? present : Math.max(wanted, Math.multiplyExact(2, present));
  }

  private static List<String> columns(ResultSetMetaData header) throws SQLException {
    List<String> columns = new ArrayList<>();
    for (int i = 1; i <= header.getColumnCount(); i++) {
      columns.add(header.getColumnName(i));
    }
    return columns;
  }

  private static String label(Path file, int rowsBefore, String column, Object value) {
    if (value == null) {
      throw new UserError(
          "%s: row %d has no value in column '%s'".formatted(file, rowsBefore + 1, column));
    }
    return value.toString();
  }

  private static float number(
      Path file, int labels, String column, Object value, boolean beforeLabel) {
    if (value instanceof Boolean yes) {
      return yes ? 1 : 0;
    }
    if (value instanceof Number number && Float.isFinite(number.floatValue())) {
      return number.floatValue();
    }
    throw new UserError(
        "%s: row %d, column '%s': expected a number, found %s"
            .formatted(file, beforeLabel ? labels + 1 : labels, column, value));
  }
}
