package dev.lora4j.lora.combine;

import dev.lora4j.lora.layer.Svd;
import java.util.List;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The truncated singular value decomposition of the weighted sum of the deltas, without a matrix of
 * the layer's size: with {@code B = Q R} and {@code Aᵀ = Q' R'}, {@code B A = Q (R R'ᵀ) Q'ᵀ}, and
 * the middle factor is no larger than the sum of the ranks.
 */
record SumSvd(int wantedRank) implements CombineRule {

  /**
   * Returns the wanted rank, limited by the sum of the ranks and the numbers of rows and columns.
   */
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    parts.get(0).requireDelta(path, "svd");
    int together = new Concatenation().rank(path, parts);
    return (int) Math.min(Math.min(wantedRank, together), parts.get(0).fullRank());
  }

  @Override
  public CombinedFactors combine(List<CombinedPart> parts) {
    CombinedFactors sum = new Concatenation().combine(parts);
    T_TensorTensor_T ofA = torch.linalg_qr(sum.a().flatten(1, -1).t());
    T_TensorTensor_T ofB = torch.linalg_qr(sum.b().flatten(1, -1));
    Svd middle = Svd.of(ofB.get1().mm(ofA.get1().t()));
    Svd top = middle.top(Math.min(wantedRank, middle.s().numel()));
    Tensor a = top.vt().mm(ofA.get0().t());
    return new CombinedFactors(a, ofB.get0().mm(top.u().mul(top.s())));
  }
}
