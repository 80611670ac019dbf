package dev.lora4j.lora.combine;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.LoraConfigBuilder;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Module;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the config of a combined adapter: exactly its layers, each with a scaling of one. */
public final class CombinedConfig {
  private CombinedConfig() {}

  /**
   * Returns the config; dropout and unrelated keys are those of the first source.
   *
   * @param sources the configs of the combined adapters
   * @param ranks the rank of each layer by path
   */
  public static LoraConfig of(Module base, List<LoraConfig> sources, Map<String, Integer> ranks) {
    LoraConfigBuilder config = new LoraConfigBuilder(sources.get(0));
    config.rank = mostFrequent(ranks.values());
    config.alpha = config.rank;
    config.rsLora = false;
    config.initialization = new Initialization.Standard();
    config.targets =
        CombinedTargets.of(
            base, sources.stream().map(LoraConfig::targets).toList(), ranks.keySet());
    config.exclude = Targets.none();
    config.layersToTransform = List.of();
    config.layersPattern = List.of();
    config.rankPattern = ranksOtherThan(config.rank, ranks);
    config.alphaPattern = config.rankPattern;
    return config.build();
  }

  private static int mostFrequent(Collection<Integer> ranks) {
    Map<Integer, Integer> counts = new HashMap<>();
    ranks.forEach(rank -> counts.merge(rank, 1, Integer::sum));
    return counts.entrySet().stream()
        .max(
            Map.Entry.<Integer, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey()))
        .orElseThrow()
        .getKey();
  }

  private static PathPatterns ranksOtherThan(int usual, Map<String, Integer> ranks) {
    Map<String, Double> others = new LinkedHashMap<>();
    ranks.forEach(
        (path, rank) -> {
          if (rank != usual) {
            others.put(PathPatterns.only(path), (double) rank);
          }
        });
    return new PathPatterns(others);
  }
}
