package dev.lora4j.models.table;

import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** DuckDB's queries of one file: nothing is fetched from elsewhere, and rows come one by one. */
final class FileQuery {

  /** Takes what a query gives. */
  @FunctionalInterface
  interface Taker<T> {
    /**
     * @param rows before the first one
     */
    T take(ResultSet rows) throws SQLException;
  }

  private FileQuery() {}

  /**
   * Runs a query.
   *
   * @param query has a {@code ?} where the file's name goes
   * @throws CorruptFile if the file is not what the query expects
   */
  static <T> T run(Path file, String query, Taker<T> taker) {
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:", settings());
        PreparedStatement statement = database.prepareStatement(query)) {
      statement.setString(1, literal(file));
      try (ResultSet rows = statement.executeQuery()) {
        return taker.take(rows);
      }
    } catch (SQLException e) {
      String problem = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CorruptFile(file, problem, e);
    }
  }

  private static Properties settings() {
    Properties settings = new Properties();
    settings.put("jdbc_stream_results", "true");
    settings.put("threads", "1");
    settings.put("autoinstall_known_extensions", "false");
    settings.put("autoload_known_extensions", "false");
    return settings;
  }

  /** The file's name, where DuckDB would take it for a pattern. */
  private static String literal(Path file) {
    return file.toAbsolutePath().toString().replaceAll("[\\[*?]", "[$0]");
  }
}
