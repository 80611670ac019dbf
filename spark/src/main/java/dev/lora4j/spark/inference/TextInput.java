package dev.lora4j.spark.inference;

import java.util.Optional;

/**
 * The input of a row.
 *
 * @param second the second text of a pair
 * @param adapter the adapter's name, {@link #BASE} for none
 */
record TextInput(String text, Optional<String> second, String adapter) {
  /** The name by which rows ask for the base model. */
  static final String BASE = "";
}
