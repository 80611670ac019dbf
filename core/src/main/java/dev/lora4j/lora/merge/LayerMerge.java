package dev.lora4j.lora.merge;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.MergeDelta;
import dev.lora4j.lora.layer.TiedHeadDelta;
import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** The merge of one layer: its deltas, at least one, go into the weight and the bias. */
record LayerMerge(String path, LoraLayer layer, List<LoraDelta> deltas) {

  /** Refuses a delta that can't be added to the weight and the bias. */
  void requireMergeable() {
    try {
      layer.weighted().store().parameter(); // a quantised weight has none
    } catch (UserError e) {
      throw new UserError("'%s': %s".formatted(path, e.getMessage()), e);
    }
    deltas.forEach(LoraDelta::requireMergeable);
  }

  /** Refuses an output scale of zero, which unmerging by subtraction can't divide out. */
  void requireSubtractable() {
    if (!deltas.stream().allMatch(LoraDelta::canBeSubtracted)) {
      throw new UserError(
          path
              + ": a DoRA magnitude is exactly zero, which can't be divided out again; merge with"
              + " Unmerging.EXACT, which keeps a copy, or Unmerging.NEVER");
    }
  }

  /** Returns whether the change to a shared weight equals another layer's. */
  boolean mirrors(LayerMerge other) {
    return deltas.size() == other.deltas.size()
        && IntStream.range(0, deltas.size())
            .allMatch(
                i ->
                    deltas.get(i) instanceof TiedHeadDelta tied
                        && tied.source() == other.deltas.get(i));
  }

  /** Changes weight and bias in place; the journal records how to undo it. */
  void into(MergeJournal journal) {
    Parameter weight = layer.weighted().weight();
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      List<MergeDelta> changes = deltas.stream().map(MergeDelta::of).toList();
      changes.forEach(change -> journal.change(weight, change));
      for (LoraDelta delta : deltas) {
        if (delta.changesBias()) {
          Parameter bias = layer.weighted().bias().orElseThrow();
          journal.replace(bias, delta.appliedToBias(bias.value()));
        }
      }
    }
  }

  /** Adds to a map the weight and bias merged on demand, on top of earlier merges in it. */
  void addTo(Map<Parameter, Supplier<Tensor>> merged) {
    Parameter weight = layer.weighted().weight();
    Supplier<Tensor> before = merged.getOrDefault(weight, weight::value);
    merged.put(weight, () -> mergedWeight(before.get()));
    for (LoraDelta delta : deltas) {
      if (delta.changesBias()) {
        Parameter bias = layer.weighted().bias().orElseThrow();
        Supplier<Tensor> own = merged.getOrDefault(bias, bias::value);
        merged.put(bias, () -> delta.appliedToBias(own.get()));
      }
    }
  }

  private Tensor mergedWeight(Tensor weight) {
    Tensor merged = weight.to(deltas.get(0).parameters().get(0).value().dtype(), false, true);
    for (LoraDelta delta : deltas) {
      try (MergeDelta change = MergeDelta.of(delta)) {
        change.apply(merged);
      }
    }
    return merged;
  }
}
