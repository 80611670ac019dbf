package dev.lora4j.models.checkpoint;

import java.util.List;

/**
 * What merging did, or taking out again.
 *
 * @param changes each parameter that was changed
 * @param tensors how many tensors were written
 * @param bytes length of all files
 * @param notes what else is to be known, in sentences
 */
public record MergeSummary(List<Change> changes, int tensors, long bytes, List<String> notes) {

  public MergeSummary {
    changes = List.copyOf(changes);
    notes = List.copyOf(notes);
  }

  /**
   * What was done to one parameter, all in float32.
   *
   * @param tensor its name in the file
   * @param largest the largest change of a number
   * @param relative {@code ‖ΔW‖ / ‖W‖}
   * @param rounding the largest difference between a number as computed and as written
   * @param lost {@code ‖rounding‖ / ‖ΔW‖}: how much of the change drowns in the number format
   */
  public record Change(
      String tensor, double largest, double relative, double rounding, double lost) {}

  /** The largest rounding of all. */
  public double largestRounding() {
    return changes.stream().mapToDouble(Change::rounding).max().orElse(0);
  }
}
