package dev.lora4j.lora.config;

import dev.lora4j.UserError;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weight tying: weights that several modules share, such as a head and its embedding. An adapter on
 * one of these modules changes only that module, so it must not be merged into the shared weight.
 */
public final class TiedWeights {
  static final String ENSURE = "ensure_weight_tying";
  private static final String REMEDY =
      "give the head a weight of its own first: network.replace(\"lm_head\", head.copy())";

  private final Map<Parameter, List<String>> sharers; // paths, by shared weight

  private TiedWeights(Map<Parameter, List<String>> sharers) {
    this.sharers = sharers;
  }

  /** Finds the tied weights of a network, given its own modules by path. */
  public static TiedWeights of(Map<String, Module> modules) {
    Map<Parameter, Map<Module, String>> owners = new LinkedHashMap<>();
    modules.forEach(
        (path, module) ->
            module
                .ownParameters()
                .values()
                .forEach(
                    parameter ->
                        owners
                            .computeIfAbsent(parameter.first(), p -> new LinkedHashMap<>())
                            .putIfAbsent(module, path)));
    Map<Parameter, List<String>> sharers = new LinkedHashMap<>();
    owners.forEach(
        (parameter, paths) -> {
          if (paths.size() > 1) {
            sharers.put(parameter, List.copyOf(paths.values()));
          }
        });
    return new TiedWeights(sharers);
  }

  /** Lists the saved modules whose weight can't be separated from the others'. */
  List<String> refused(List<AdapterPlan.Saved> saved) {
    return saved.stream()
        .filter(whole -> !isSeparable(whole.module()))
        .map(
            whole ->
                "modules_to_save: '%s' shares its weight with %s, and both would change; %s"
                    .formatted(whole.path(), others(whole.path(), whole.module()), REMEDY))
        .toList();
  }

  /** Returns the paths of the modules that share a module's weight, its own included. */
  List<String> sharing(Module module) {
    return module.ownParameters().values().stream()
        .map(parameter -> sharers.getOrDefault(parameter.first(), List.of()))
        .filter(paths -> !paths.isEmpty())
        .findFirst()
        .orElse(List.of());
  }

  /** Returns whether the config applies a change of a tied module to all that share its weight. */
  public static boolean ensured(LoraConfig config) {
    return "true".equals(config.otherKeys().get(ENSURE));
  }

  /**
   * Checks that no other module uses a module's weight.
   *
   * @param alike the paths of modules to which the same change applies
   * @throws UserError if one does; the message names both
   */
  public void refuseMerge(String path, Module module, Set<String> alike) {
    if (isTied(module) && !alike.containsAll(sharing(module))) {
      throw new UserError(
          "can't merge: '%s' shares its weight with %s, which would change too; leave the adapter"
                  .formatted(path, others(path, module))
              + " unmerged, or "
              + REMEDY);
    }
  }

  /**
   * Checks that all modules that share a parameter's tensor compute with the same values.
   *
   * @throws UserError if one does not; the message names all of them
   */
  public void refuseMerge(Parameter parameter) {
    List<String> tied = sharers.getOrDefault(parameter.first(), List.of());
    if (!tied.isEmpty() && parameter.differsFromSharers()) {
      throw new UserError(
          "can't merge: %s share a weight, and the adapter changes one of them; leave the adapter unmerged, or %s"
              .formatted(String.join(" and ", tied), REMEDY));
    }
  }

  private boolean isTied(Module module) {
    return module.ownParameters().values().stream()
        .anyMatch(parameter -> sharers.containsKey(parameter.first()));
  }

  /** Returns whether each module that shares a weight of this one has a parameter of its own. */
  private boolean isSeparable(Module module) {
    return module.ownParameters().values().stream()
        .allMatch(
            parameter ->
                parameter.sharers().size()
                    >= sharers.getOrDefault(parameter.first(), List.of()).size());
  }

  private String others(String path, Module module) {
    List<String> others = new ArrayList<>();
    module
        .ownParameters()
        .values()
        .forEach(
            parameter ->
                sharers.getOrDefault(parameter.first(), List.of()).stream()
                    .filter(other -> !other.equals(path))
                    .forEach(other -> others.add("'" + other + "'")));
    return String.join(", ", others);
  }
}
