package dev.lora4j.tables;

import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;
import java.util.stream.Collectors;

/** DuckDB queries on a single file, with network access disabled and rows streamed one by one. */
final class FileQuery {

  /** Receives the rows of a query. */
  @FunctionalInterface
  interface Taker<T> {
    /**
     * Called once, before the first row.
     *
     * @param rows positioned before the first row
     */
    T take(ResultSet rows) throws SQLException;
  }

  private FileQuery() {}

  /**
   * Runs a query.
   *
   * @param query has a {@code ?} for the file name
   * @throws CorruptFile if the file does not have the format that the query expects
   */
  static <T> T run(Path file, String query, Taker<T> taker) {
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:", settings());
        PreparedStatement statement = database.prepareStatement(query)) {
      statement.setString(1, literal(file));
      try (ResultSet rows = statement.executeQuery()) {
        return taker.take(rows);
      }
    } catch (SQLException e) {
      throw new CorruptFile(file, reason(String.valueOf(e.getMessage())), e);
    }
  }

  /** The sentences of DuckDB's message before its settings and hints. */
  static String reason(String message) {
    return message
        .lines()
        .takeWhile(line -> !line.isBlank() && !line.startsWith("The search space"))
        .collect(Collectors.joining("; "));
  }

  static Properties settings() {
    Properties settings = new Properties();
    settings.put("jdbc_stream_results", "true");
    settings.put("threads", "1");
    settings.put("autoinstall_known_extensions", "false");
    settings.put("autoload_known_extensions", "false");
    return settings;
  }

  /** Returns the file name, escaped where DuckDB would read it as a glob pattern. */
  static String literal(Path file) {
    return file.toAbsolutePath().toString().replaceAll("[\\[*?]", "[$0]");
  }
}
