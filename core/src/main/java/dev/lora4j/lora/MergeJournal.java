package dev.lora4j.lora;

import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What a merge changed in the base, with the values from before, to undo it bit for bit. */
final class MergeJournal {
  private final Map<Parameter, Tensor> before = new LinkedHashMap<>();

  /** Changes a parameter and keeps what was there, if it is the first change of it. */
  void change(Parameter parameter, Tensor merged) {
    before.computeIfAbsent(parameter, p -> Ops.keep(p.value().detach().clone()));
    parameter.copyFrom(merged);
  }

  /** What a parameter was before anything was merged into it. */
  Tensor before(Parameter parameter) {
    Tensor kept = before.get(parameter);
    return kept == null ? parameter.value() : kept;
  }

  boolean isEmpty() {
    return before.isEmpty();
  }

  /** Puts everything back. */
  void undo() {
    before.forEach(Parameter::copyFrom);
    forget();
  }

  /** Lets the changes stand. */
  void forget() {
    before.values().forEach(Tensor::deallocate);
    before.clear();
  }
}
