package dev.lora4j.tables;

import dev.lora4j.data.RowFormat;
import java.nio.file.Path;
import java.util.Set;

/** The rows of parquet files, read by DuckDB. */
public final class ParquetRows implements RowFormat {
  private static final String QUERY = "SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet(?) t";

  @Override
  public Set<String> endings() {
    return Set.of("parquet");
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    FileQuery.run(
        file,
        QUERY,
        result -> {
          long number = 0;
          while (result.next() && rows.accept(number + 1, result.getString(1))) {
            number++;
          }
          return number;
        });
  }
}
