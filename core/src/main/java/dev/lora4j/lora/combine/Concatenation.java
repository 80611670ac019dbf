package dev.lora4j.lora.combine;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** {@code Σ wᵢ Bᵢ Aᵢ = [B₁ … Bₙ] [w₁ A₁; … wₙ Aₙ]}: exact, at the sum of the ranks. */
record Concatenation() implements CombineRule {
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    return parts.stream().mapToInt(part -> part.delta().rank()).sum();
  }

  @Override
  public CombinedFactors combine(List<CombinedPart> parts) {
    TensorVector down = new TensorVector();
    TensorVector up = new TensorVector();
    for (CombinedPart part : parts) {
      Tensor a = part.delta().a().value().mul(new Scalar(part.weightOfProduct()));
      down.push_back(a.unflatten(0, part.groups(), -1)); // [groups, rank / groups, in…]
      up.push_back(part.delta().b().value()); // [out, rank / groups…]
    }
    return new CombinedFactors(torch.cat(down, 1).flatten(0, 1), torch.cat(up, 1));
  }
}
