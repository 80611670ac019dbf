package dev.lora4j.lora;

import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** What a merge changed in the base, and how to undo it. */
final class MergeJournal {
  private final Map<Parameter, Tensor> before = new LinkedHashMap<>();
  private final Deque<Made> made = new ArrayDeque<>(); // the last one first
  private Unmerging unmerging = Unmerging.EXACT;
  private boolean empty = true;

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

  boolean isEmpty() {
    return empty;
  }

  boolean canUndo() {
    return unmerging != Unmerging.NEVER;
  }

  /**
   * Puts everything back.
   *
   * @throws dev.lora4j.UserError if an update that is to be subtracted is another one by now
   */
  void undo() {
    made.forEach(one -> one.change.requireSameUpdate());
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      for (Made one : made) {
        one.change.revert(one.weight.value());
        one.weight.changed();
      }
    }
    before.forEach(Parameter::copyFrom);
    forget();
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
