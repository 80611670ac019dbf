package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.ParallelLoop;
import dev.lora4j.nn.Parameter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** What becomes of a base's parameters when adapters are merged into them. */
final class Merging {
  private final Module base;
  private final Map<String, LoraLayer> layers;
  private final List<Adapter> chosen;

  /**
   * @throws dev.lora4j.UserError if a layer's weight or bias has no place for an update
   */
  Merging(LoraModel model, List<Adapter> chosen) {
    base = model.base();
    layers = model.layers();
    this.chosen = chosen;
    layers.values().forEach(layer -> layer.requireMergeable(chosen));
  }

  /**
   * Changes the parameters in their places, on all cores.
   *
   * @throws dev.lora4j.UserError if one of them is used in two places and changed in one, or could
   *     not be subtracted again and must be
   */
  void into(MergeJournal journal) {
    TiedWeights tied = TiedWeights.of(Planner.originalModules(base));
    layers.forEach((path, layer) -> layer.refuseTiedMerge(chosen, path, tied));
    if (journal.subtracts()) {
      layers.forEach((path, layer) -> layer.refuseZeroMagnitudes(chosen, path));
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      parametrized().forEach(parameter -> journal.replace(parameter, parameter.tensor()));
    }
    ParallelLoop.forEach(distinctLayers(), layer -> layer.merge(chosen, journal));
  }

  /** The values by the parameters' paths in the bare network, computed when they are asked for. */
  Map<String, Supplier<Tensor>> values() {
    Map<Parameter, Supplier<Tensor>> merged = new LinkedHashMap<>();
    parametrized().forEach(parameter -> merged.put(parameter, parameter::tensor));
    distinctLayers().forEach(layer -> layer.addMerged(chosen, merged));
    Map<String, Supplier<Tensor>> byPath = new LinkedHashMap<>();
    addByPath("", base, merged, byPath);
    Planner.originalModules(base)
        .forEach((path, module) -> addByPath(path + ".", module, merged, byPath));
    return byPath;
  }

  /** The parameters that the adapters give other values to compute with, such as experts. */
  private List<Parameter> parametrized() {
    return chosen.isEmpty()
        ? List.of()
        : base.namedParameters().values().stream().filter(Parameter::isParametrized).toList();
  }

  private Collection<LoraLayer> distinctLayers() {
    return layers.values().stream().distinct().toList();
  }

  private static void addByPath(
      String prefix,
      Module module,
      Map<Parameter, Supplier<Tensor>> merged,
      Map<String, Supplier<Tensor>> byPath) {
    module
        .ownParameters()
        .forEach(
            (name, parameter) -> {
              Supplier<Tensor> value = merged.get(parameter);
              if (value != null) {
                byPath.put(prefix + name, withoutGradient(value));
              }
            });
  }

  private static Supplier<Tensor> withoutGradient(Supplier<Tensor> value) {
    return () -> {
      try (NoGradGuard guard = new NoGradGuard()) {
        return value.get();
      }
    };
  }
}
