package dev.lora4j.lora.init;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Allots ranks one by one to the component that explains the most (EVA paper, algorithm 1). */
public final class EvaRanks {
  private record Component(String layer, float explained) {}

  private EvaRanks() {}

  /** Returns each layer's rank, which may be zero, for its components' explained variance ratio. */
  public static Map<String, Integer> allot(Map<String, float[]> explained, int budget) {
    List<Component> components = new ArrayList<>();
    explained.forEach(
        (layer, shares) -> {
          for (float share : shares) {
            components.add(new Component(layer, share));
          }
        });
    components.sort(Comparator.comparing(Component::explained).reversed());
    Map<String, Integer> allotted = new HashMap<>();
    components.stream().limit(budget).forEach(c -> allotted.merge(c.layer(), 1, Integer::sum));
    Map<String, Integer> ranks = new LinkedHashMap<>();
    explained.keySet().forEach(layer -> ranks.put(layer, allotted.getOrDefault(layer, 0)));
    return ranks;
  }
}
