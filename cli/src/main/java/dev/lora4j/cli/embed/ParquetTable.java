package dev.lora4j.cli.embed;

import dev.lora4j.tables.ParquetWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A parquet file: the fields of the rows, and a list of float32 {@code embedding}. The rows are
 * collected in a temporary file first.
 */
final class ParquetTable implements EmbeddingSink {
  private final Path target;
  private final Path collected;
  private final OutputStream file;
  private final JsonLines lines;
  private final ColumnTypes columns = new ColumnTypes();

  /**
   * @param target the parquet file; the rows are collected beside it
   */
  ParquetTable(Path target) throws IOException {
    this.target = target;
    collected = target.resolveSibling(target.getFileName() + ".jsonl");
    file = Files.newOutputStream(collected);
    lines = new JsonLines(file);
  }

  @Override
  public void write(TextRow row, float... embedding) throws IOException {
    columns.add(row.fields());
    lines.write(row, embedding);
  }

  @Override
  public void finish() throws IOException {
    lines.finish();
    file.close();
    Map<String, String> types = new LinkedHashMap<>(columns.types());
    types.put(JsonLines.EMBEDDING, "FLOAT[]");
    ParquetWriter.fromJsonLines(collected, types, target);
  }

  @Override
  public void close() throws IOException {
    file.close();
    Files.deleteIfExists(collected);
  }
}
