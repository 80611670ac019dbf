package dev.lora4j.tables;

import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes parquet files with DuckDB. */
public final class ParquetWriter {
  private static final int MAX_ROW_BYTES = 256 << 20;

  private ParquetWriter() {}

  /**
   * Writes the rows of a jsonl file.
   *
   * @param rows the jsonl file
   * @param columns the SQL type of each field that is written, such as {@code VARCHAR} or {@code
   *     FLOAT[]}, in order
   * @param target the parquet file, which is replaced
   * @throws CorruptFile if a value has another type
   */
  public static void fromJsonLines(Path rows, Map<String, String> columns, Path target) {
    String types =
        columns.entrySet().stream()
            .map(column -> text(column.getKey()) + ": " + text(column.getValue()))
            .collect(Collectors.joining(", ", "{", "}"));
    String query =
        "COPY (SELECT * FROM read_json(%s, format='newline_delimited', columns=%s,"
            + " maximum_object_size=%d)) TO %s (FORMAT parquet, COMPRESSION zstd)";
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:", FileQuery.settings());
        Statement statement = database.createStatement()) {
      statement.execute(
          query.formatted(
              text(FileQuery.literal(rows)),
              types,
              MAX_ROW_BYTES,
              text(target.toAbsolutePath().toString())));
    } catch (SQLException e) {
      throw new CorruptFile(target, FileQuery.reason(String.valueOf(e.getMessage())), e);
    }
  }

  private static String text(String value) {
    return "'" + value.replace("'", "''") + "'";
  }
}
