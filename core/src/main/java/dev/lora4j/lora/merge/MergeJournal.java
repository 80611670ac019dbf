package dev.lora4j.lora.merge;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.MergeDelta;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** A base's merge state and its undo. Different threads may change different parameters. */
public final class MergeJournal {
  private final Map<Parameter, Tensor> before = new ConcurrentHashMap<>();
  private final Deque<Made> made = new ConcurrentLinkedDeque<>(); // most recent first
  private Unmerging unmerging = Unmerging.EXACT;
  private volatile boolean changed;
  private volatile boolean merged;

  private record Made(Parameter weight, MergeDelta change) {}

  /**
   * Merges.
   *
   * @param how the way of unmerging
   * @throws UserError if adapters are already merged or can't be merged; nothing is changed
   */
  public void merge(Unmerging how, Supplier<Merging> merging) {
    requireUnmerged("merge");
    unmerging = how;
    try {
      merging.get().into(this);
    } catch (RuntimeException e) {
      undo();
      throw e;
    }
    merged = changed;
  }

  /**
   * Restores the base.
   *
   * @throws UserError if the merge kept nothing to restore it, or a delta to be subtracted has
   *     changed since
   */
  public void unmerge() {
    if (unmerging == Unmerging.NEVER) {
      throw new UserError("can't unmerge: the merge kept nothing to undo it (Unmerging.NEVER)");
    }
    undo();
  }

  public boolean isMerged() {
    return merged;
  }

  public void requireUnmerged(String action) {
    if (merged) {
      throw new UserError("can't " + action + " while adapters are merged; unmerge first");
    }
  }

  /** Applies a change to a weight in place; the journal owns the change from now on. */
  void change(Parameter weight, MergeDelta change) {
    changed = true;
    if (unmerging == Unmerging.EXACT) {
      keepCopy(weight);
    }
    change.apply(weight.value());
    weight.changed();
    if (unmerging == Unmerging.BY_SUBTRACTION) {
      made.push(new Made(weight, change));
    } else {
      change.close();
    }
  }

  void replace(Parameter parameter, Tensor values) {
    changed = true;
    if (unmerging != Unmerging.NEVER) {
      keepCopy(parameter);
    }
    parameter.copyFrom(values);
  }

  private void keepCopy(Parameter parameter) {
    before.computeIfAbsent(parameter.first(), p -> Ops.keep(p.value().detach().clone()));
  }

  /**
   * Returns the values of a parameter before the merge.
   *
   * @throws UserError if no copy was kept
   */
  public Tensor before(Parameter parameter) {
    Tensor kept = before.get(parameter.first());
    if (kept == null && made.stream().anyMatch(one -> one.weight.first() == parameter.first())) {
      throw new UserError(
          "the unmerged base is not known while adapters are merged by subtraction; unmerge first");
    }
    return kept == null ? parameter.value() : kept;
  }

  boolean subtracts() {
    return unmerging == Unmerging.BY_SUBTRACTION;
  }

  private void undo() {
    made.forEach(one -> one.change.requireSameDelta());
    ParallelLoop.forEach(
        made.stream().collect(Collectors.groupingBy(Made::weight)).values(), MergeJournal::revert);
    before.forEach(Parameter::copyFrom);
    forget();
  }

  private static void revert(List<Made> changesOfOne) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      for (Made made : changesOfOne) {
        made.change.revert(made.weight.value());
        made.weight.changed();
      }
    }
  }

  /** Makes the changes permanent and frees the copies. */
  public void forget() {
    made.forEach(one -> one.change.close());
    made.clear();
    before.values().forEach(Tensor::deallocate);
    before.clear();
    changed = false;
    merged = false;
    unmerging = Unmerging.EXACT;
  }
}
