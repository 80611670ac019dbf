package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * {@code x Wᵀ + b} for few rows x and a large W, as in decoding, where the time goes into reading
 * W. BLAS's general product would first copy it. One row is a matrix-vector product; several rows
 * are faster in OpenBLAS as {@code (W xᵀ)ᵀ}, for which it copies W in memory order. MKL takes
 * several rows as they are.
 */
final class SkinnyGemm {
  private SkinnyGemm() {}

  static boolean suits(Tensor x, Tensor weight) {
    long in = weight.size(1);
    return (x.numel() == in || weight.numel() >= CostModel.SKINNY_MIN_WEIGHT)
        && x.dim() >= 2
        && x.numel() > 0
        && x.size(-1) == in
        && x.numel() <= (Engine.multipliesByMkl() ? 1 : CostModel.SKINNY_MAX_ROWS) * in
        && x.is_cpu()
        && weight.scalar_type().intern() == ScalarType.Float
        && (weight.is_contiguous() || x.numel() == in);
  }

  static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = weight.size(0);
    return x.numel() == weight.size(1)
        ? oneRow(x.reshape(-1), weight, bias).view(shape)
        : rows(x.reshape(-1, weight.size(1)), weight, bias).view(shape);
  }

  private static Tensor oneRow(Tensor x, Tensor weight, @Nullable Tensor bias) {
    return bias == null ? torch.mv(weight, x) : torch.addmv(bias, weight, x);
  }

  private static Tensor rows(Tensor x, Tensor weight, @Nullable Tensor bias) {
    Tensor columns = x.t().contiguous(); // [in, rows]
    Tensor y =
        bias == null
            ? torch.mm(weight, columns)
            : torch.addmm(bias.unsqueeze(1), weight, columns); // [out, rows]
    return y.t().contiguous();
  }
}
