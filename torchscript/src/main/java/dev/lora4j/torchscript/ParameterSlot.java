package dev.lora4j.torchscript;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A parameter slot in a script.
 *
 * @param part path of the submodule that owns the slot
 * @param attribute name of the slot in that submodule
 * @param parameter the base's own parameter
 * @param present the tensor to compute with, as seen by the calling thread
 */
record ParameterSlot(String part, String attribute, Parameter parameter, Supplier<Tensor> present) {

  /** Returns the tensor to put into this slot for the calling thread's next forward. */
  Tensor value() {
    try {
      return present.get();
    } catch (UserError e) {
      throw new UserError("'" + part + "': " + e.getMessage(), e);
    }
  }

  /** Returns true if a value is the base's own parameter, which the script already holds. */
  @SuppressWarnings(
      "ReferenceEquality") // compares identity: an equal tensor at another address is a different
  // value
  boolean isOwn(Tensor value) {
    return value == parameter.value();
  }
}
