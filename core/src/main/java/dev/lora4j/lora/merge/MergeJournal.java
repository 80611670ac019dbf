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
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * The record of a merge's changes to the base, from which they are undone. Different threads may
 * change different parameters.
 */
public final class MergeJournal {
  private final Map<Parameter, Tensor> before = new ConcurrentHashMap<>();
  private final Deque<Made> made = new ConcurrentLinkedDeque<>(); // the last one first
  private Unmerging unmerging = Unmerging.EXACT;
  private volatile boolean empty = true;

  private record Made(Parameter weight, MergeDelta change) {}

  /** Starts recording, so that the changes can be undone in this way. */
  void begin(Unmerging how) {
    unmerging = how;
  }

  /** Applies a change to a weight in place; the journal owns the change from now on. */
  void change(Parameter weight, MergeDelta change) {
    empty = false;
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

  /** Overwrites a parameter. */
  void replace(Parameter parameter, Tensor values) {
    empty = false;
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

  boolean isEmpty() {
    return empty;
  }

  boolean subtracts() {
    return unmerging == Unmerging.BY_SUBTRACTION;
  }

  boolean canUndo() {
    return unmerging != Unmerging.NEVER;
  }

  /**
   * Undoes all changes.
   *
   * @throws UserError if a delta that is to be subtracted has changed since
   */
  void undo() {
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

  /** Makes the changes permanent and frees what was kept to undo them. */
  void forget() {
    made.forEach(one -> one.change.close());
    made.clear();
    before.values().forEach(Tensor::deallocate);
    before.clear();
    empty = true;
    unmerging = Unmerging.EXACT;
  }
}
