package dev.lora4j.lora.init;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Allots a budget of ranks to layers, one at a time: to the component, of any layer, that explains
 * the most variance of its layer's inputs (EVA paper, algorithm 1).
 */
public final class EvaRanks {
  private record Component(String layer, float explained) {}

  private EvaRanks() {}

  /**
   * @param explained by layer: the explained variance ratio of each component, up to the layer's
   *     maximum rank
   * @return the rank of each layer, which may be zero
   */
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
