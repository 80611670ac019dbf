package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Checks of layers' constructor arguments. */
public final class Checks {
  private Checks() {}

  public static long positive(String name, long value) {
    return atLeast(1, name, value);
  }

  public static long atLeast(long least, String name, long value) {
    if (value < least) {
      throw new UserError(name + " must be at least " + least + ", found " + value);
    }
    return value;
  }

  public static void dimensions(String name, long[] shape, int dimensions) {
    if (shape.length != dimensions) {
      throw new UserError(
          name + " must have " + dimensions + " dimensions, found " + Arrays.toString(shape));
    }
  }

  public static void vector(String name, Tensor tensor, long size) {
    if (tensor.dim() != 1 || tensor.size(0) != size) {
      throw new UserError(name + " must be [" + size + "], found " + Ops.shapeOf(tensor));
    }
  }

  public static void dtype(String name, Tensor tensor, ScalarType dtype) {
    ScalarType found = tensor.scalar_type().intern();
    if (found != dtype) {
      throw new UserError(name + " must be " + dtype + ", found " + found);
    }
  }
}
