package dev.lora4j.tables;

import static java.util.Objects.requireNonNull;

import dev.lora4j.data.RowFormat;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** The rows of csv, tsv and parquet files, read by DuckDB. Every cell of csv and tsv is a text. */
public final class TableRows implements RowFormat {
  private static final String TEXTS =
      "SELECT CAST(to_json(t) AS VARCHAR) FROM read_csv(?, all_varchar=true, header=true, "
          + "quote='\"', escape='\"', delim=";
  private static final Map<String, String> QUERIES =
      Map.of(
          "csv", TEXTS + "',') t",
          "tsv", TEXTS + "'\t') t",
          "parquet", "SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet(?) t");

  @Override
  public Set<String> endings() {
    return QUERIES.keySet();
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    FileQuery.run(
        file,
        requireNonNull(QUERIES.get(RowFormat.ending(file))),
        result -> {
          long number = 0;
          while (result.next() && rows.accept(number + 1, result.getString(1))) {
            number++;
          }
          return number;
        });
  }
}
