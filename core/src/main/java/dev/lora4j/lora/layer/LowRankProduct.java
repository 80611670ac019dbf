package dev.lora4j.lora.layer;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** The product {@code y + scaling · B A x}, by the fastest kernel for its sizes. */
final class LowRankProduct {
  private LowRankProduct() {}

  /**
   * Adds the product to {@code y}, which may be overwritten.
   *
   * @param y {@code [batch…, out]}
   * @param x {@code [batch…, in]}
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   * @param factor the scaling as a number
   */
  static Tensor addTo(Tensor y, Tensor x, Tensor a, Tensor b, Scalar scaling, double factor) {
    if (Ops.isLowRankOfRow(y, x, a, b)) {
      return Ops.addLowRankToRow(y, x, a, b, factor);
    }
    return addB(y, isOfManyRows(x) ? ofManyRows(x, a) : Ops.linear(x, a, null), b, scaling);
  }

  /** Returns {@code (A xᵀ)ᵀ}: as the last dimension of a product, a small rank is slow in MKL. */
  private static Tensor ofManyRows(Tensor x, Tensor a) {
    Tensor features = a.mm(x.flatten(0, -2).t()).t(); // [n, rank]
    return x.dim() == 2 ? features : features.unflatten(0, leading(x));
  }

  private static long[] leading(Tensor x) {
    return Arrays.copyOf(Ops.shape(x), Math.toIntExact(x.dim() - 1));
  }

  /** Returns {@code y + scale · B h}; y may be overwritten. */
  static Tensor addB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    if (y.dim() < 2) {
      return y.add(Ops.linear(h, b, null), scale);
    }
    Tensor sum = y.flatten(0, -2).addmm_(h.flatten(0, -2), b.t(), Ops.ONE, scale);
    return y.dim() == 2 ? sum : sum.view(y.sizes());
  }

  private static boolean isOfManyRows(Tensor x) {
    return x.is_cpu()
        && x.dim() >= 2
        && x.numel() >= CostModel.LOW_RANK_MANY_ROWS * x.size(-1)
        && Engine.multipliesByMkl();
  }
}
