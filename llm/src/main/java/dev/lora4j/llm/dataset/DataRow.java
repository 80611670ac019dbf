package dev.lora4j.llm.dataset;

import dev.lora4j.llm.dataset.file.DataFile;
import java.util.Collection;
import java.util.List;

/**
 * A row of a data file.
 *
 * @param file its file
 * @param number counted from 1
 * @param sample its content
 * @param ignored fields with a value that its format does not read
 * @param notes on names that were read as others, such as {@code role human as user}
 */
public record DataRow(
    DataFile file,
    long number,
    Sample sample,
    Collection<String> ignored,
    Collection<String> notes) {
  public DataRow {
    ignored = List.copyOf(ignored);
    notes = List.copyOf(notes);
  }

  /** A row that was read completely. */
  public DataRow(DataFile file, long number, Sample sample) {
    this(file, number, sample, List.of(), List.of());
  }

  /** File and row, for messages. */
  public String location() {
    return location(file, number);
  }

  static String location(DataFile file, long number) {
    return file.name() + ", row " + number;
  }
}
