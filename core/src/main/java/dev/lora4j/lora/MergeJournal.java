package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.ParallelLoop;
import dev.lora4j.nn.Parameter;
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
 * What a merge changed in the base, and how to undo it. Different parameters may be changed in
 * different threads.
 */
final class MergeJournal {
  private final Map<Parameter, Tensor> before = new ConcurrentHashMap<>();
  private final Deque<Made> made = new ConcurrentLinkedDeque<>(); // the last one first
  private Unmerging unmerging = Unmerging.EXACT;
  private volatile boolean empty = true;

  private record Made(Parameter weight, WeightChange change) {}

  /** Begins to take note, in a way that lets everything be undone so. */
  void begin(Unmerging how) {
    unmerging = how;
  }

  /** Changes a weight in its place; the change is the journal's from now on. */
  void change(Parameter weight, WeightChange change) {
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

  /** Gives a parameter other values. */
  void replace(Parameter parameter, Tensor values) {
    empty = false;
    if (unmerging != Unmerging.NEVER) {
      keepCopy(parameter);
    }
    parameter.copyFrom(values);
  }

  private void keepCopy(Parameter parameter) {
    before.computeIfAbsent(parameter, p -> Ops.keep(p.value().detach().clone()));
  }

  /**
   * What a parameter was before anything was merged into it.
   *
   * @throws UserError if no copy was kept
   */
  Tensor before(Parameter parameter) {
    Tensor kept = before.get(parameter);
    if (kept == null && made.stream().anyMatch(one -> one.weight == parameter)) {
      throw new UserError(
          "what the base was can't be told while adapters are merged by subtraction; unmerge first");
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
   * Puts everything back.
   *
   * @throws UserError if an update that is to be subtracted is another one by now
   */
  void undo() {
    made.forEach(one -> one.change.requireSameUpdate());
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

  /** Lets the changes stand. */
  void forget() {
    made.forEach(one -> one.change.close());
    made.clear();
    before.values().forEach(Tensor::deallocate);
    before.clear();
    empty = true;
    unmerging = Unmerging.EXACT;
  }
}
