package dev.lora4j.models.text;

import java.nio.file.Path;

/**
 * A row of a data file.
 *
 * @param file where it stands
 * @param number which one it is, from 1
 * @param sample what it says
 */
public record TextRow(Path file, long number, Sample sample) {

  /** Where it stands, for messages to people. */
  public String place() {
    return place(file, number);
  }

  static String place(Path file, long number) {
    return file + ", row " + number;
  }
}
