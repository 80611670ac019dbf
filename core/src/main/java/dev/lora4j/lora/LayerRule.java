package dev.lora4j.lora;

import java.util.List;
import java.util.stream.Stream;

/** How the updates that adapters have for one layer become one update. */
sealed interface LayerRule permits Concatenation, FactorMix, SumSvd, DeltaSvd {

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
   * @param sources the configs of what is combined
   */
  static LayerRule of(Combination how, List<LoraConfig> sources) {
    if (how instanceof Combination.Mix mix) {
      return new FactorMix(Mixer.of(mix), how.word());
    }
    if (how instanceof Combination.MixBySvd bySvd) {
      return bySvd(bySvd, sources);
    }
    return new Concatenation();
  }

  private static LayerRule bySvd(Combination.MixBySvd how, List<LoraConfig> sources) {
    int rank = how.rank().orElseGet(() -> largestRank(sources));
    boolean isSum = how.mix().equals(Combination.linear());
    boolean isProduct = sources.stream().noneMatch(c -> c.initialization().takesFromBase());
    return isSum && isProduct
        ? new SumSvd(rank)
        : new DeltaSvd(Mixer.of(how.mix()), rank, how.word());
  }

  /** The largest rank that a config speaks of. */
  private static int largestRank(List<LoraConfig> configs) {
    Stream<Integer> usual = configs.stream().map(LoraConfig::rank);
    Stream<Integer> others =
        configs.stream()
            .flatMap(config -> config.rankPattern().values().values().stream())
            .map(Double::intValue);
    return Stream.concat(usual, others).max(Integer::compare).orElseThrow();
  }
}
