package dev.lora4j.nn;

import dev.lora4j.UserError;
import org.bytedeco.pytorch.Tensor;

/** Checks of the arguments that layers are made with. */
final class Checks {
  private Checks() {}

  static long positive(String name, long value) {
    return atLeast(1, name, value);
  }

  static long atLeast(long least, String name, long value) {
    if (value < least) {
      throw new UserError(name + " must be at least " + least + ", found " + value);
    }
    return value;
  }

  static void dimensions(String name, Tensor tensor, int dimensions) {
    if (tensor.dim() != dimensions) {
      throw new UserError(
          name + " must have " + dimensions + " dimensions, found " + Ops.shapeOf(tensor));
    }
  }

  static void vector(String name, Tensor tensor, long size) {
    if (tensor.dim() != 1 || tensor.size(0) != size) {
      throw new UserError(name + " must be [" + size + "], found " + Ops.shapeOf(tensor));
    }
  }
}
