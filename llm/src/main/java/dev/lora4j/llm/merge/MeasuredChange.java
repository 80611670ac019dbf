package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A merged parameter in its final dtype, with a measure of the change. */
record MeasuredChange(Tensor written, MergeSummary.Change change) {

  /** Rounds a merged parameter, in float32 or wider, to its dtype and measures the change. */
  static MeasuredChange of(String name, Tensor before, Tensor after, DType dtype) {
    Tensor written = after.to(dtype.torch());
    if (!FiniteValues.areIn(written)) {
      throw new UserError(whyNotFinite(name, before, after, dtype));
    }
    return of(name, before, after, written);
  }

  /**
   * Measures the change of a parameter that was written in any format.
   *
   * @param written its values in the file
   */
  static MeasuredChange of(String name, Tensor before, Tensor after, Tensor written) {
    try (PointerScope scope = new PointerScope()) {
      Tensor old = before.to(ScalarType.Float);
      Tensor computed = after.to(ScalarType.Float);
      Tensor delta = computed.sub(old);
      Tensor rounding = written.to(ScalarType.Float).sub(computed);
      double change = norm(delta);
      return new MeasuredChange(
          written,
          new MergeSummary.Change(
              name,
              largest(delta),
              ratio(change, norm(old)),
              largest(rounding),
              ratio(norm(rounding), change)));
    }
  }

  private static String whyNotFinite(String name, Tensor before, Tensor after, DType dtype) {
    if (!FiniteValues.areIn(before)) {
      return notFiniteInBase(name);
    }
    if (!FiniteValues.areIn(after)) {
      return name + ": the adapter makes NaN or infinity of it; nothing was written";
    }
    return "%s: a value becomes too large for %s; use --dtype BF16 or F32; nothing was written"
        .formatted(name, dtype);
  }

  static String notFiniteInBase(String name) {
    return name + ": the base holds NaN or infinity there; nothing was written";
  }

  private static double largest(Tensor tensor) {
    return tensor.numel() == 0 ? 0 : tensor.abs().max().item_double();
  }

  private static double norm(Tensor tensor) {
    return tensor.norm().item_double();
  }

  private static double ratio(double part, double whole) {
    return part == 0 ? 0 : part / whole;
  }
}
