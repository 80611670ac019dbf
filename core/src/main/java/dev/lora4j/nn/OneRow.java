package dev.lora4j.nn;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * {@code x Wᵀ + b} of a single row, as when a language model writes one token after the other: all
 * of the weight is read for few operations, so that memory is the limit. A product of matrix and
 * vector reads it twice as fast as one of matrices does, and several threads faster than one.
 */
final class OneRow {
  private static final long WORTH_SHARING = 1 << 17; // elements; smaller ones are read in 50 µs

  private OneRow() {}

  /** Whether there is one row of floats on the CPU, and no gradient to compute. */
  static boolean isMeant(Tensor x, Tensor weight) {
    return x.numel() == weight.size(1)
        && x.size(-1) == weight.size(1)
        && !x.requires_grad()
        && !weight.requires_grad()
        && weight.scalar_type().intern() == ScalarType.Float
        && weight.is_cpu();
  }

  static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
    Tensor row = x.view(-1);
    @Nullable Crew crew = weight.numel() < WORTH_SHARING ? null : Crew.ofThisThread();
    Tensor y = crew == null ? torch.mv(weight, row) : shared(row, weight, crew);
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = y.numel();
    return (bias == null ? y : y.add_(bias)).view(shape);
  }

  private static Tensor shared(Tensor row, Tensor weight, Crew crew) {
    long outputs = weight.size(0);
    int parts = crew.size();
    Tensor y = Ops.empty(outputs);
    crew.run(
        part -> {
          long from = outputs * part / parts;
          long count = outputs * (part + 1) / parts - from;
          try (PointerScope scope = new PointerScope()) {
            torch.mv_out(y.narrow(0, from, count), weight.narrow(0, from, count), row);
          }
        });
    return y;
  }
}
