package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.lora.combine.Combinable;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.SkeletonModel;
import dev.lora4j.lora.combine.WeightedAdapter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.BaseFingerprint;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Module;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Combines adapters that were read from files: {@link LoraModel#combine} without a model. */
public final class StoredCombination {
  private static final String RESULT = "combined-of-these";

  private final List<WeightedAdapter> adapters;
  private final Combination how;
  private final BaseCheck check;

  private StoredCombination(List<WeightedAdapter> adapters, Combination how, BaseCheck check) {
    this.adapters = List.copyOf(adapters);
    this.how = how;
    this.check = check;
    Combinable.check(configs(), weights(), how);
    for (WeightedAdapter one : adapters) {
      if (one.adapter().paths().isEmpty()) {
        throw new UserError(
            "'" + one.name() + "' has no A and B matrices to combine; its weights file is empty");
      }
    }
  }

  /**
   * Combines adapters without a base; the new tensors, in F32, belong to the caller's pointer
   * scope. The config names each layer by its whole path.
   *
   * @param check the comparison of the adapters' base fingerprints
   * @throws UserError if they can't be combined this way
   */
  public static StoredAdapter of(List<WeightedAdapter> adapters, Combination how, BaseCheck check) {
    StoredCombination combination = new StoredCombination(adapters, how, check);
    combination.refuseNeedOfBase();
    combination.refuseOtherBases();
    try (SkeletonModel skeleton =
        SkeletonModel.of(adapters.stream().map(WeightedAdapter::adapter).toList())) {
      StoredAdapter combined = combination.on(skeleton, true);
      Targets layers = Targets.named(combined.paths());
      return new StoredAdapter(
          combined.config().targets(layers), combined.tensors(), combined.baseFingerprint());
    }
  }

  /**
   * Combines adapters on a base, which has no adapters before and after; the new tensors, in F32,
   * belong to the caller's pointer scope. The config has the adapters' own target names if they
   * match the right layers of the base.
   *
   * @throws UserError if one does not fit the base, or they can't be combined this way
   */
  public static StoredAdapter of(
      List<WeightedAdapter> adapters, Combination how, BaseCheck check, Module base) {
    return new StoredCombination(adapters, how, check).on(base, false);
  }

  private StoredAdapter on(Module base, boolean isSkeleton) {
    LoraModel model = Lora.base(base);
    try {
      for (WeightedAdapter one : adapters) {
        load(model, one, isSkeleton);
      }
      model.combine(RESULT, weights(), how);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      model
          .adapter(RESULT)
          .saved()
          .forEach((key, parameter) -> tensors.put(key, parameter.value().detach().clone()));
      return new StoredAdapter(model.config(RESULT), tensors, commonBase());
    } finally {
      model.unload();
    }
  }

  private void load(LoraModel model, WeightedAdapter one, boolean isSkeleton) {
    StoredAdapter stored = one.adapter();
    StoredAdapter loaded =
        isSkeleton
            ? new StoredAdapter(stored.config().only(stored.paths()), stored.tensors())
            : stored;
    try {
      model.load(one.name(), loaded, isSkeleton ? BaseCheck.ANY_BASE : check);
    } catch (UserError e) {
      throw new UserError(
          "'%s' %s: %s"
              .formatted(
                  one.name(),
                  isSkeleton ? "does not match its config" : "does not fit the base",
                  e.getMessage()),
          e);
    }
  }

  private void refuseNeedOfBase() {
    for (WeightedAdapter one : adapters) {
      Initialization initialization = one.adapter().config().initialization();
      if (initialization.takesFromBase()) {
        throw new UserError(
            "'%s' was initialised by %s, from a part of the base's weights; give the base too"
                .formatted(one.name(), initialization.word()));
      }
    }
  }

  private void refuseOtherBases() {
    if (check == BaseCheck.ANY_BASE) {
      return;
    }
    List<WeightedAdapter> known =
        adapters.stream().filter(one -> one.adapter().baseFingerprint().isPresent()).toList();
    for (WeightedAdapter other : known) {
      WeightedAdapter first = known.get(0);
      List<String> changed =
          first
              .adapter()
              .baseFingerprint()
              .orElseThrow()
              .changedIn(other.adapter().baseFingerprint().orElseThrow());
      if (!changed.isEmpty()) {
        throw new UserError(
            "'%s' and '%s' were trained on different bases: %s differs, as do %d of its tensors;"
                    .formatted(first.name(), other.name(), changed.get(0), changed.size())
                + " accept this (BaseCheck.ANY_BASE, --any-base), or leave one out");
      }
    }
  }

  /** Returns the fingerprint that all adapters share. */
  private Optional<BaseFingerprint> commonBase() {
    List<Optional<BaseFingerprint>> bases =
        adapters.stream().map(one -> one.adapter().baseFingerprint()).distinct().toList();
    return bases.size() == 1 ? bases.get(0) : Optional.empty();
  }

  private Map<String, LoraConfig> configs() {
    Map<String, LoraConfig> configs = new LinkedHashMap<>();
    adapters.forEach(one -> configs.put(one.name(), one.adapter().config()));
    return configs;
  }

  private Map<String, Double> weights() {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (WeightedAdapter one : adapters) {
      if (weights.put(one.name(), one.weight()) != null) {
        throw new UserError("two adapters are named '" + one.name() + "'");
      }
    }
    return weights;
  }
}
