package dev.lora4j.lora.combine;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.LoraConfigBuilder;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Module;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Creates the config of a combined adapter: exactly its layers, each with a scaling of one. */
public final class CombinedConfig {
  private CombinedConfig() {}

  /** Returns the config for these ranks by path; dropout and other keys are the first source's. */
  public static LoraConfig of(Module base, List<LoraConfig> sources, Map<String, Integer> ranks) {
    LoraConfigBuilder config = new LoraConfigBuilder(sources.get(0));
    config.rank = mostFrequent(ranks.values());
    config.alpha = config.rank;
    config.rsLora = false;
    config.initialization = new Initialization.Standard();
    config.targets =
        targets(base, sources.stream().map(LoraConfig::targets).toList(), ranks.keySet());
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

  /** Returns the union of the targets if it matches exactly these layers, otherwise their paths. */
  private static Targets targets(Module base, List<Targets> all, Set<String> paths) {
    return union(all)
        .filter(targets -> TargetResolver.matching(base, targets).equals(paths))
        .orElseGet(() -> oneByOne(paths));
  }

  private static Optional<Targets> union(List<Targets> all) {
    if (all.stream().allMatch(Targets.EveryLinear.class::isInstance)) {
      return Optional.of(Targets.everyLinear());
    }
    List<Targets.Named> lists = only(Targets.Named.class, all);
    if (lists.size() == all.size()) {
      Stream<String> names = lists.stream().flatMap(list -> list.names().stream());
      return Optional.of(Targets.named(names.distinct().toList()));
    }
    List<Targets.Matching> patterns = only(Targets.Matching.class, all);
    if (patterns.size() == all.size()) {
      return Optional.of(Targets.matching(anyOf(patterns)));
    }
    return Optional.empty();
  }

  private static <T extends Targets> List<T> only(Class<T> kind, List<Targets> all) {
    return all.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  private static String anyOf(List<Targets.Matching> patterns) {
    Set<String> distinct = new LinkedHashSet<>();
    patterns.forEach(pattern -> distinct.add(pattern.regex()));
    return distinct.size() == 1
        ? distinct.iterator().next()
        : distinct.stream().collect(Collectors.joining(")|(", "(", ")"));
  }

  private static Targets oneByOne(Set<String> paths) {
    return Targets.matching(
        paths.stream().map(PathPatterns::quote).collect(Collectors.joining("|")));
  }
}
