package dev.lora4j.lora.combine;

import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Module;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The targets of a combined adapter: all that the adapters' targets name together. */
final class CombinedTargets {
  private CombinedTargets() {}

  /**
   * The adapters' own words, if they mean these layers and no others; else the layers one by one.
   *
   * @param paths the layers to be meant
   */
  static Targets of(Module base, List<Targets> all, Set<String> paths) {
    return union(all)
        .filter(targets -> TargetResolver.meant(base, targets).equals(paths))
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
