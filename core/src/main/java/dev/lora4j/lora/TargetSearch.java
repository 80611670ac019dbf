package dev.lora4j.lora;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds the layers that a config means. Strict: every name must match something. */
final class TargetSearch {
  private TargetSearch() {}

  /** The linear layers that are meant, by path; of an adapted layer, the one inside. */
  static Map<String, Linear> linears(Module base, Targets targets) {
    Map<String, Module> candidates = candidates(base);
    Map<String, Linear> found = new LinkedHashMap<>();
    candidates.forEach(
        (path, module) -> {
          if (targets.include(path) && module instanceof Linear linear) {
            found.put(path, linear);
          }
        });
    List<String> problems = problems(targets, candidates, found);
    if (!problems.isEmpty()) {
      throw new UserError(String.join("\n", problems));
    }
    return found;
  }

  /** All modules by path but those inside adapted layers, for which the layer inside stands. */
  private static Map<String, Module> candidates(Module base) {
    Map<String, Module> candidates = new LinkedHashMap<>();
    List<String> adapted = new ArrayList<>();
    base.namedModules()
        .forEach(
            (path, module) -> {
              if (module instanceof LoraLinear layer) {
                adapted.add(path + ".");
                candidates.put(path, layer.pretrained());
              } else if (adapted.stream().noneMatch(path::startsWith)) {
                candidates.put(path, module);
              }
            });
    return candidates;
  }

  private static List<String> problems(
      Targets targets, Map<String, Module> candidates, Map<String, Linear> found) {
    List<String> linears =
        candidates.keySet().stream().filter(p -> candidates.get(p) instanceof Linear).toList();
    if (targets instanceof Targets.Named named) {
      return named.names().stream()
          .filter(name -> found.keySet().stream().noneMatch(p -> Targets.Named.means(name, p)))
          .map(name -> problem(name, candidates, linears))
          .toList();
    }
    if (!found.isEmpty()) {
      return List.of();
    }
    return List.of(
        targets instanceof Targets.Matching matching
            ? "no linear layer's whole path matches '"
                + matching.regex()
                + "'; there are: "
                + String.join(", ", linears)
            : "the network has no linear layer");
  }

  private static String problem(String name, Map<String, Module> candidates, List<String> linears) {
    for (Map.Entry<String, Module> candidate : candidates.entrySet()) {
      if (Targets.Named.means(name, candidate.getKey())) {
        return "'%s' is a %s, which can't be adapted; linear layers: %s"
            .formatted(
                candidate.getKey(),
                candidate.getValue().getClass().getSimpleName(),
                String.join(", ", linears));
      }
    }
    List<String> lastNames =
        linears.stream().map(p -> p.substring(p.lastIndexOf('.') + 1)).distinct().toList();
    return "no module matches '" + name + "'" + NearMiss.hint(name, lastNames);
  }
}
