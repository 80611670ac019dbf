package dev.lora4j.cli.train;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.conv.Conv;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The layers with parameters that an adapter leaves out. */
public final class LeftOut {
  private static final int MAX_SHOWN = 5;

  private LeftOut() {}

  /**
   * Describes the layers of a bare network that are not adapted, a sentence for each kind.
   *
   * @param adapted the paths of the adapted layers
   */
  public static List<String> describe(Module network, Collection<String> adapted) {
    Map<String, List<String>> adaptable = new LinkedHashMap<>();
    Map<String, Integer> others = new TreeMap<>();
    network
        .namedModules()
        .forEach(
            (path, module) -> {
              if (module instanceof WeightedLayer && !adapted.contains(path)) {
                adaptable.computeIfAbsent(noun(module), n -> new ArrayList<>()).add(path);
              } else if (!(module instanceof WeightedLayer) && !module.ownParameters().isEmpty()) {
                others.merge(module.kind(), 1, Integer::sum);
              }
            });
    List<String> sentences = new ArrayList<>();
    adaptable.forEach(
        (noun, paths) ->
            sentences.add(
                "%d %s not adapted: %s; name them in --target-modules to adapt them too"
                    .formatted(
                        paths.size(),
                        paths.size() == 1 ? noun + " is" : noun + "s are",
                        shown(paths))));
    others.forEach(
        (kind, count) ->
            sentences.add(
                "%d × %s: its parameters can't be adapted by name".formatted(count, kind)));
    return sentences;
  }

  private static String shown(List<String> paths) {
    return paths.size() <= MAX_SHOWN
        ? String.join(", ", paths)
        : String.join(", ", paths.subList(0, MAX_SHOWN)) + ", …";
  }

  private static String noun(Module module) {
    if (module instanceof Conv) {
      return "convolution";
    }
    return module instanceof Embedding ? "embedding" : "linear layer";
  }
}
