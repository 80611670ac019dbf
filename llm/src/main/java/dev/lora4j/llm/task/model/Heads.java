package dev.lora4j.llm.task.model;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** Values of new heads: a base has none of its own, so its head is zero. */
final class Heads {
  private Heads() {}

  /** Sets all parameters to zero. */
  static void zero(Module head) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      for (Parameter parameter : head.namedParameters().values()) {
        parameter.value().zero_();
        parameter.changed();
      }
    }
  }

  /** Returns the linear layer that computes the outputs: the last one at or below a module. */
  static Linear last(Module head) {
    Linear last = head instanceof Linear linear ? linear : null;
    for (Module below : head.namedModules().values()) {
      last = below instanceof Linear linear ? linear : last;
    }
    if (last == null) {
      throw new IllegalStateException("a head without a linear layer");
    }
    return last;
  }

  /** Replaces a layer's weight and bias by zeros for another number of outputs. */
  static void resize(Linear layer, int outputs) {
    long inputs = layer.weight().shape()[1];
    try (PointerScope scope = new PointerScope()) {
      Map<String, Parameter> own = layer.ownParameters();
      own.forEach(
          (name, parameter) ->
              parameter.replaceValue(
                  (name.equals("bias") ? Ops.zeros(outputs) : Ops.zeros(outputs, inputs))
                      .to(parameter.value().device(), parameter.value().scalar_type())));
    }
  }
}
