package dev.lora4j.lora.combine;

import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Svd;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Mixes the deltas {@code ΔW}; the truncated singular value decomposition of the mix is its best
 * approximation of that rank.
 */
record DeltaSvd(FactorCombiner mixer, int wantedRank, String word) implements CombineRule {

  /** Returns the wanted rank, limited by the numbers of rows and columns. */
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    parts.get(0).requireDelta(path, word);
    return (int) Math.min(wantedRank, parts.get(0).fullRank());
  }

  @Override
  public CombinedFactors combine(List<CombinedPart> parts) {
    List<Tensor> deltas = parts.stream().map(part -> asRows(part.delta())).toList();
    double[] weights = parts.stream().mapToDouble(CombinedPart::weight).toArray();
    Svd mixture = Svd.of(mixer.mix(deltas, weights));
    Svd top = mixture.top(Math.min(wantedRank, mixture.s().numel()));
    return new CombinedFactors(top.vt(), top.u().mul(top.s()));
  }

  /**
   * Returns the delta as {@code [out, in]}; a convolution's kernel is flattened into the inputs.
   */
  private static Tensor asRows(FactoredDelta delta) {
    Tensor weight = delta.deltaWeight();
    return delta.base().outputAxis() == 0 ? weight.flatten(1, -1) : weight.t();
  }
}
