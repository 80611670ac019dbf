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
   * @param how what is kept to unmerge
   * @throws UserError if adapters are merged already, or can't be; nothing is changed then
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
   * @throws UserError if nothing was kept for that
   */
  public void unmerge() {
    if (!journal.canUndo()) {
      throw new UserError("can't unmerge: the merge was told to keep nothing for it");
    }
    journal.undo();
    merged = false;
  }

  /** Makes merged weights the base's own. */
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
   * @param action what can't be done otherwise, for the message
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
