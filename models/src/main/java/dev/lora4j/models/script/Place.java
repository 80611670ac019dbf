package dev.lora4j.models.script;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A place in a script that holds a parameter.
 *
 * @param part the path of the part that has it
 * @param attribute its name there
 * @param parameter the base's own
 * @param present the tensor to compute with now, as the calling thread sees it
 */
record Place(String part, String attribute, Parameter parameter, Supplier<Tensor> present) {

  /** What the script must hold here in the calling thread's next forward. */
  Tensor value() {
    try {
      return present.get();
    } catch (UserError e) {
      throw new UserError("'" + part + "': " + e.getMessage(), e);
    }
  }

  /** Whether a value is the base's own parameter, which the script holds anyway. */
  @SuppressWarnings("ReferenceEquality") // equal numbers elsewhere are another value
  boolean isOwn(Tensor value) {
    return value == parameter.value();
  }
}
