package dev.lora4j.llm.dataset.file;

import java.util.List;
import java.util.Optional;

/**
 * The splits of a data file that holds several, such as {@code {"train": […], "test": […]}}.
 *
 * @param names in the file's order; empty for a file without splits
 */
public record Splits(List<String> names) {
  /** A file without splits. */
  static final Splits NONE = new Splits(List.of());

  /** Names of the training split; {@code data} also wraps the rows of a file without splits. */
  static final List<String> TRAINING = List.of("train", "data");

  private static final List<String> VALIDATION =
      List.of("validation", "valid", "val", "dev", "test");
  private static final List<String> TEST = List.of("test", "validation", "valid", "val", "dev");

  public Splits {
    names = List.copyOf(names);
  }

  /** Returns whether this is the name of a split. */
  static boolean isName(String field) {
    return TRAINING.contains(field) || VALIDATION.contains(field);
  }

  /** Returns the split to train on; the first one if none is named so. */
  public Optional<String> training() {
    return first(TRAINING).or(() -> names.stream().findFirst());
  }

  /** Returns the split for the validation loss: the validation split, else the test split. */
  public Optional<String> validation() {
    return first(VALIDATION).filter(split -> !training().equals(Optional.of(split)));
  }

  /** Returns the split to evaluate on: the test split, else the validation split. */
  public Optional<String> evaluation() {
    return first(TEST);
  }

  private Optional<String> first(List<String> wanted) {
    return wanted.stream().filter(names::contains).findFirst();
  }
}
