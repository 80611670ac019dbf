package dev.lora4j.lora.combine;

import dev.lora4j.lora.config.LoraConfig;
import java.util.List;
import java.util.stream.Stream;

/** The rule by which several adapters' deltas of one layer are combined into one. */
public sealed interface CombineRule permits Concatenation, FactorMix, SumSvd, DeltaSvd {

  /**
   * Returns the rank of the combined delta.
   *
   * @param path the layer's path
   * @throws dev.lora4j.UserError if the deltas can't be combined by this rule
   */
  int rank(String path, List<CombinedPart> parts);

  /** Returns the combined delta. */
  CombinedFactors combine(List<CombinedPart> parts);

  /**
   * Returns the rule for a combination.
   *
   * @param sources the configs of the adapters
   */
  static CombineRule of(Combination how, List<LoraConfig> sources) {
    if (how instanceof Combination.Mix mix) {
      return new FactorMix(FactorCombiner.of(mix), how.word());
    }
    if (how instanceof Combination.MixBySvd bySvd) {
      return bySvd(bySvd, sources);
    }
    return new Concatenation();
  }

  private static CombineRule bySvd(Combination.MixBySvd how, List<LoraConfig> sources) {
    int rank = how.rank().orElseGet(() -> largestRank(sources));
    boolean isSum = how.mix().equals(Combination.linear());
    boolean isProduct = sources.stream().noneMatch(c -> c.initialization().takesFromBase());
    return isSum && isProduct
        ? new SumSvd(rank)
        : new DeltaSvd(FactorCombiner.of(how.mix()), rank, how.word());
  }

  /** Returns the largest rank in the configs, patterns included. */
  private static int largestRank(List<LoraConfig> configs) {
    Stream<Integer> usual = configs.stream().map(LoraConfig::rank);
    Stream<Integer> others =
        configs.stream()
            .flatMap(config -> config.rankPattern().values().values().stream())
            .map(Double::intValue);
    return Stream.concat(usual, others).max(Integer::compare).orElseThrow();
  }
}
