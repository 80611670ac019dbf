package dev.lora4j.llm.merge;

import java.util.List;
import java.util.Optional;

/**
 * The result of merging or unmerging.
 *
 * @param changes the changed parameters
 * @param tensors the number of tensors written
 * @param bytes the size of all files
 * @param notes remarks for the user, in sentences
 * @param logits the changes of logits on sample texts, if they were measured
 */
public record MergeSummary(
    List<Change> changes,
    int tensors,
    long bytes,
    List<String> notes,
    Optional<LogitReceipt> logits) {

  public MergeSummary {
    changes = List.copyOf(changes);
    notes = List.copyOf(notes);
  }

  MergeSummary(List<Change> changes, int tensors, long bytes, List<String> notes) {
    this(changes, tensors, bytes, notes, Optional.empty());
  }

  /**
   * The change of one parameter, measured in float32.
   *
   * @param relative {@code ‖ΔW‖ / ‖W‖}
   * @param rounding the largest difference between a computed and a written value
   * @param lost {@code ‖rounding‖ / ‖ΔW‖}: the share of the change that the dtype loses
   */
  public record Change(
      String tensor, double largest, double relative, double rounding, double lost) {}
}
