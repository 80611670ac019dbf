package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.lora.combine.Combinable;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.CombineRule;
import dev.lora4j.lora.combine.CombineRule.CombinedPart;
import dev.lora4j.lora.combine.CombinedConfig;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.TiedHeadDelta;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** Combines several adapters into one, layer by layer. */
final class Combiner {
  private final LoraModel model;
  private final Map<String, Double> weights;
  private final CombineRule rule;

  private Combiner(LoraModel model, Map<String, Double> weights, Combination how) {
    this.model = model;
    this.weights = weights;
    rule = CombineRule.of(how, configs());
  }

  /** See {@link LoraModel#combine}. */
  static void combine(LoraModel model, String name, Map<String, Double> weights, Combination how) {
    if (weights.isEmpty()) {
      throw new UserError(
          "no adapters to combine; there are: " + String.join(", ", model.adapterNames()));
    }
    Map<String, LoraConfig> configs = new LinkedHashMap<>();
    weights.keySet().forEach(adapter -> configs.put(adapter, model.config(adapter)));
    Combinable.check(configs, weights, how);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      new Combiner(model, inTheOrderOfAdding(model, weights), how).combine(name);
    }
  }

  /** Orders the weights, so that sums and random numbers do not depend on the map's order. */
  private static Map<String, Double> inTheOrderOfAdding(
      LoraModel model, Map<String, Double> weights) {
    Map<String, Double> ordered = new LinkedHashMap<>();
    model.adapterNames().stream()
        .filter(weights::containsKey)
        .forEach(name -> ordered.put(name, weights.get(name)));
    return ordered;
  }

  private List<LoraConfig> configs() {
    return weights.keySet().stream().map(model::config).toList();
  }

  private void combine(String name) {
    Map<String, List<CombinedPart>> parts = parts();
    Map<String, Integer> ranks = new LinkedHashMap<>();
    parts.forEach((path, ofLayer) -> ranks.put(path, rule.rank(path, ofLayer)));
    model.add(name, CombinedConfig.of(model.base(), configs(), ranks));
    try {
      fill(name, parts);
    } catch (RuntimeException e) {
      model.remove(name);
      throw e;
    }
  }

  private Map<String, List<CombinedPart>> parts() {
    Map<String, List<CombinedPart>> parts = new LinkedHashMap<>();
    model
        .layers()
        .forEach(
            (path, layer) -> {
              List<CombinedPart> ofLayer = parts(path, layer);
              if (!ofLayer.isEmpty()) {
                parts.put(path, ofLayer);
              }
            });
    return parts;
  }

  private List<CombinedPart> parts(String path, LoraLayer layer) {
    return weights.entrySet().stream()
        .filter(entry -> model.adapter(entry.getKey()).paths().contains(path))
        .filter(entry -> !(model.adapter(entry.getKey()).delta(layer) instanceof TiedHeadDelta))
        .map(
            entry ->
                new CombinedPart(entry.getKey(), factored(layer, entry.getKey()), entry.getValue()))
        .toList();
  }

  /** Fills each layer once, even if it occurs at two paths. */
  private void fill(String name, Map<String, List<CombinedPart>> parts) {
    Map<String, LoraLayer> layers = model.layers();
    Set<LoraLayer> filled = new HashSet<>();
    parts.forEach(
        (path, ofLayer) -> {
          LoraLayer layer = Objects.requireNonNull(layers.get(path));
          if (filled.add(layer)) {
            fill(path, factored(layer, name), ofLayer);
          }
        });
  }

  private FactoredDelta factored(LoraLayer layer, String adapter) {
    return Objects.requireNonNull(model.adapter(adapter).delta(layer)).factored().orElseThrow();
  }

  private void fill(String path, FactoredDelta delta, List<CombinedPart> parts) {
    try (PointerScope scope = new PointerScope()) { // one layer's matrices at a time
      for (CombinedPart part : parts) {
        if (!isFinite(part.delta())) {
          throw new UserError(
              "'%s' holds NaN or infinity in %s and can't be combined; use an earlier checkpoint of it"
                  .formatted(part.adapter(), path));
        }
      }
      rule.combine(parts).copyInto(delta);
      if (!isFinite(delta)) {
        throw new UserError(
            "the combination is too large for float32 in "
                + path
                + "; give smaller weights, or leave out the adapter with the large values");
      }
    }
  }

  private static boolean isFinite(FactoredDelta delta) {
    return delta.effectiveA().isfinite().all().item_bool()
        && delta.effectiveB().isfinite().all().item_bool();
  }
}
