package dev.lora4j.lora.combine;

import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Svd;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The updates {@code ΔW} themselves are mixed; the largest parts of the mixture are nearest to it
 * among all updates of their rank.
 */
record DeltaSvd(FactorCombiner mixer, int wantedRank, String word) implements CombineRule {

  /** No more than there are rows and columns. */
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    parts.get(0).requireDelta(path, word);
    return (int) Math.min(wantedRank, parts.get(0).fullRank());
  }

  @Override
  public CombinedFactors combine(List<CombinedPart> parts) {
    List<Tensor> deltas = parts.stream().map(part -> asRows(part.update())).toList();
    double[] weights = parts.stream().mapToDouble(CombinedPart::weight).toArray();
    Svd mixture = Svd.of(mixer.mix(deltas, weights));
    Svd top = mixture.top(Math.min(wantedRank, mixture.s().numel()));
    return new CombinedFactors(top.vt(), top.u().mul(top.s()));
  }

  /** {@code [out, in]}, whichever way round the weight lies; a window counts to the inputs. */
  private static Tensor asRows(FactoredDelta update) {
    Tensor delta = update.deltaWeight();
    return update.base().outputAxis() == 0 ? delta.flatten(1, -1) : delta.t();
  }
}
