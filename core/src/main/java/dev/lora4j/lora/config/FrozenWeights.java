package dev.lora4j.lora.config;

import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.WeightedLayer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Weights of a plan that are to be trained or changed themselves, but are stored in a way that
 * can't be: quantised, or in half precision as in the file. LoRA beside a layer works with all.
 */
final class FrozenWeights {
  private static final String REMEDY =
      "; only a dense weight can be trained or changed: load the base dequantised (--dequantize), or"
          + " name the layer in target_modules, whose LoRA works with any storage";

  private FrozenWeights() {}

  /**
   * Returns a problem for each such weight, naming it and its storage.
   *
   * @param modules the base's modules by path
   */
  static List<String> problems(AdapterPlan plan, Map<String, Module> modules) {
    return Stream.of(
            plan.saved().stream().flatMap(saved -> ofSaved(saved, modules)),
            plan.tokens().stream()
                .flatMap(rows -> of("trainable_token_indices", rows.path(), rows.module())),
            plan.parameters().stream().flatMap(FrozenWeights::ofParameter))
        .flatMap(problems -> problems)
        .toList();
  }

  private static Stream<String> ofSaved(AdapterPlan.Saved saved, Map<String, Module> modules) {
    return modules.entrySet().stream()
        .filter(e -> saved.contains(e.getKey()))
        .flatMap(e -> of("modules_to_save", e.getKey(), e.getValue()));
  }

  private static Stream<String> ofParameter(AdapterPlan.RawParameter target) {
    return storage(target.module())
        .filter(storage -> isOfStore(target))
        .map(
            storage ->
                "target_parameters: '%s.%s' is of a weight in %s%s"
                    .formatted(target.path(), target.name(), storage, REMEDY))
        .stream();
  }

  private static boolean isOfStore(AdapterPlan.RawParameter target) {
    return target.module() instanceof WeightedLayer layer
        && layer.store().parameters().containsKey(target.name());
  }

  private static Stream<String> of(String key, String path, Module module) {
    return storage(module)
        .map(storage -> "%s: '%s' has its weight in %s%s".formatted(key, path, storage, REMEDY))
        .stream();
  }

  /** Returns the storage of a layer whose weight can't be trained. */
  private static Optional<String> storage(Module module) {
    return module instanceof WeightedLayer layer && !(layer.store() instanceof DenseWeights)
        ? Optional.of(layer.store().describe())
        : Optional.empty();
  }
}
