package dev.lora4j.lora.merge;

import dev.lora4j.UserError;
import java.util.function.Supplier;

/** The merge state of a base: whether adapters are merged, and how to unmerge them. */
public final class MergeState {
  private final MergeJournal journal = new MergeJournal();
  private volatile boolean merged;

  /**
   * Merges.
   *
   * @param how the way of unmerging
   * @throws UserError if adapters are already merged or can't be merged; nothing is changed
   */
  public void merge(Unmerging how, Supplier<Merging> merging) {
    requireUnmerged("merge");
    journal.begin(how);
    try {
      merging.get().into(journal);
    } catch (RuntimeException e) {
      journal.undo();
      throw e;
    }
    merged = !journal.isEmpty();
  }

  /**
   * Restores the base.
   *
   * @throws UserError if the merge kept nothing to restore it
   */
  public void unmerge() {
    if (!journal.canUndo()) {
      throw new UserError("can't unmerge: the merge kept nothing to undo it (Unmerging.NEVER)");
    }
    journal.undo();
    merged = false;
  }

  /** Makes the merged weights permanent. */
  public void forget() {
    journal.forget();
    merged = false;
  }

  public boolean isMerged() {
    return merged;
  }

  /**
   * Checks that nothing is merged.
   *
   * @param action the action that requires it, for the message
   */
  public void requireUnmerged(String action) {
    if (merged) {
      throw new UserError("can't " + action + " while adapters are merged; unmerge first");
    }
  }

  public MergeJournal journal() {
    return journal;
  }
}
