package dev.lora4j.lora.layer;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
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
    boolean pads = pads(x, a.size(0));
    Tensor paddedA = pads ? Ops.padded(a, 0, CostModel.PADDED_RANK) : a;
    Tensor paddedB = pads ? Ops.padded(b, 1, CostModel.PADDED_RANK) : b;
    return Ops.isLowRankOfRow(y, x, paddedA, paddedB)
        ? Ops.addLowRankToRow(y, x, paddedA, paddedB, factor)
        : addB(y, Ops.linear(x, paddedA, null), paddedB, scaling);
  }

  /** Returns {@code y + scale · B h}; y may be overwritten. */
  static Tensor addB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    if (y.dim() < 2) {
      return y.add(Ops.linear(h, b, null), scale);
    }
    Tensor sum = y.flatten(0, -2).addmm_(h.flatten(0, -2), b.t(), Ops.ONE, scale);
    return y.dim() == 2 ? sum : sum.view(y.sizes());
  }

  /** Returns whether the rank is padded with zeros to one that MKL multiplies fast. */
  private static boolean pads(Tensor x, long rank) {
    return x.is_cpu()
        && rank % CostModel.PADDED_RANK != 0
        && x.numel() >= CostModel.PADDED_RANK_MIN_ROWS * x.size(-1)
        && Engine.multipliesByMkl();
  }
}
