package dev.lora4j.lora.merge;

import dev.lora4j.lora.config.TiedWeights;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** The merge of adapters into a base's parameters. */
public final class Merging {
  private final Module base;
  private final boolean substitutes;
  private final List<LayerMerge> layers = new ArrayList<>();

  /**
   * Plans the merge.
   *
   * @param substitutes whether active adapters may replace whole parameters
   * @param active the deltas to merge into a layer
   * @throws dev.lora4j.UserError if a delta can't be added to a layer's weight or bias
   */
  public Merging(Module base, boolean substitutes, Function<LoraLayer, List<LoraDelta>> active) {
    this.base = base;
    this.substitutes = substitutes;
    BaseModules.adapted(base)
        .forEach(
            (path, layer) -> {
              List<LoraDelta> deltas = active.apply(layer);
              if (!deltas.isEmpty()) {
                layers.add(new LayerMerge(path, layer, deltas));
              }
            });
    layers.forEach(LayerMerge::requireMergeable);
  }

  /** Changes the parameters in place, on all cores; refuses weights shared with other modules. */
  void into(MergeJournal journal) {
    TiedWeights tied = TiedWeights.of(BaseModules.original(base));
    Set<String> alike = alike();
    layers.forEach(one -> tied.refuseMerge(one.path(), one.layer().pretrained(), alike));
    List<Parameter> parametrized = parametrized();
    parametrized.forEach(tied::refuseMerge);
    if (journal.subtracts()) {
      layers.forEach(LayerMerge::requireSubtractable);
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Map<Parameter, Parameter> distinct = new LinkedHashMap<>();
      parametrized.forEach(parameter -> distinct.putIfAbsent(parameter.first(), parameter));
      distinct.values().forEach(one -> journal.replace(one, one.tensor()));
    }
    List<LayerMerge> own =
        distinctLayers().stream().filter(one -> mirrored(one).isEmpty()).toList();
    ParallelLoop.forEach(own, one -> one.into(journal));
  }

  /** Returns the layer whose change a tied layer repeats. */
  private Optional<LayerMerge> mirrored(LayerMerge one) {
    return layers.stream().filter(one::mirrors).findFirst();
  }

  /** Returns the paths of the tied layers to which the same change applies. */
  private Set<String> alike() {
    Set<String> paths = new HashSet<>();
    for (LayerMerge one : layers) {
      mirrored(one).ifPresent(source -> paths.addAll(List.of(one.path(), source.path())));
    }
    return paths;
  }

  /**
   * Returns the merged values by parameter path in the bare network, computed on demand. Tied
   * parameters with the same change have the same supplier.
   */
  public Map<String, Supplier<Tensor>> values() {
    Map<Parameter, Supplier<Tensor>> merged = new LinkedHashMap<>();
    for (Parameter parameter : parametrized()) {
      Parameter first = parameter.differsFromSharers() ? parameter : parameter.first();
      merged.put(parameter, merged.getOrDefault(first, parameter::tensor));
    }
    distinctLayers().stream()
        .filter(one -> mirrored(one).isEmpty())
        .forEach(one -> one.addTo(merged));
    for (LayerMerge one : distinctLayers()) {
      mirrored(one)
          .map(source -> merged.get(source.layer().weighted().weight()))
          .ifPresent(value -> merged.put(one.layer().weighted().weight(), value));
    }
    Map<Supplier<Tensor>, Supplier<Tensor>> detached = new HashMap<>();
    merged.replaceAll((p, value) -> detached.computeIfAbsent(value, Merging::withoutGradient));
    Map<String, Supplier<Tensor>> byPath = new LinkedHashMap<>();
    BaseModules.parameters(base)
        .forEach(
            (path, parameter) -> {
              Supplier<Tensor> value = merged.get(parameter);
              if (value != null) {
                byPath.put(path, value);
              }
            });
    return byPath;
  }

  /** Returns the parameters whose values adapters replace, such as experts. */
  private List<Parameter> parametrized() {
    return substitutes
        ? base.namedParameters().values().stream()
            .flatMap(parameter -> parameter.sharers().stream())
            .filter(Parameter::isParametrized)
            .toList()
        : List.of();
  }

  /** Returns each layer once, even if it occurs at two paths. */
  private Collection<LayerMerge> distinctLayers() {
    Map<LoraLayer, LayerMerge> distinct = new LinkedHashMap<>();
    layers.forEach(one -> distinct.putIfAbsent(one.layer(), one));
    return distinct.values();
  }

  private static Supplier<Tensor> withoutGradient(Supplier<Tensor> value) {
    return () -> {
      try (NoGradGuard guard = new NoGradGuard()) {
        return value.get();
      }
    };
  }
}
