package dev.lora4j.lora;

import java.util.List;

/** How the updates that adapters have for one layer become one update. */
sealed interface LayerRule permits Concatenation, FactorMix, DeltaSvd {

  /**
   * The rank of the combined update.
   *
   * @param path where the layer stands
   * @throws dev.lora4j.UserError if the updates can't be combined so
   */
  int rank(String path, List<CombinedPart> parts);

  /** The combined update. */
  CombinedFactors combine(List<CombinedPart> parts);

  /**
   * The rule for a combination.
   *
   * @param largestRank of the adapters that are combined
   */
  static LayerRule of(Combination how, int largestRank) {
    if (how instanceof Combination.Mix mix) {
      return new FactorMix(Mixer.of(mix), how.word());
    }
    if (how instanceof Combination.MixBySvd bySvd) {
      return new DeltaSvd(Mixer.of(bySvd.mix()), bySvd.rank().orElse(largestRank), how.word());
    }
    return new Concatenation();
  }
}
