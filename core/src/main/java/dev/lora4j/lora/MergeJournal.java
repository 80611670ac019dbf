package dev.lora4j.lora;

import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** What a merge changed in the base, with the values from before, to undo it bit for bit. */
final class MergeJournal {
  private final Map<Parameter, Tensor> before = new LinkedHashMap<>();

  /** Changes a parameter and keeps what was there, if it is the first change of it. */
  void change(Parameter parameter, Supplier<Tensor> merged) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor value = merged.get();
      before.computeIfAbsent(parameter, p -> Ops.keep(p.value().detach().clone()));
      parameter.copyFrom(value);
    }
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
