package dev.lora4j.io;

import dev.lora4j.UserError;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tests tensors for NaN and infinity. */
public final class FiniteValues {
  private FiniteValues() {}

  /**
   * Returns whether all values are finite. This reads the tensor once: a sum is finite only if all
   * of its values are; only a sum that overflows needs a closer look.
   */
  public static boolean areIn(Tensor tensor) {
    if (!tensor.is_floating_point()) {
      return true;
    }
    try (PointerScope scope = new PointerScope()) {
      ScalarType type = tensor.scalar_type().intern();
      ScalarType wide = type == ScalarType.Double ? type : ScalarType.Float;
      return Double.isFinite(tensor.sum(new ScalarTypeOptional(wide)).item_double())
          || tensor.isfinite().all().item_bool();
    }
  }

  /**
   * Returns the tensor.
   *
   * @param place the file and the tensor's name, for the message
   * @throws UserError if a value is not finite
   */
  public static Tensor require(String place, Tensor tensor) {
    if (!areIn(tensor)) {
      throw new UserError(place + " has NaN or infinity; nothing was written");
    }
    return tensor;
  }
}
