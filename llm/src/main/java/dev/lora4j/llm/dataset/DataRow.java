package dev.lora4j.llm.dataset;

import java.nio.file.Path;

/**
 * A row of a data file.
 *
 * @param file its path
 * @param number counted from 1
 * @param sample its content
 */
public record DataRow(Path file, long number, Sample sample) {

  /** File and row, for messages. */
  public String location() {
    return location(file, number);
  }

  static String location(Path file, long number) {
    return file + ", row " + number;
  }
}
