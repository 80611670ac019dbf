package dev.lora4j.torchscript;

import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The weight and bias of an adaptable layer, as the script holds them. With gradients enabled the
 * effective weight is recomputed in every forward; otherwise it is computed once and cached until
 * one of its inputs changes.
 */
final class AdaptableLayer implements AutoCloseable {
  private final Slot slot;
  private final WeightedLayer own;
  private @Nullable Cached cached;

  private record Cached(Tensor weight, List<Parameter> from, List<Long> versions) {}

  AdaptableLayer(Slot slot, WeightedLayer own) {
    this.slot = slot;
    this.own = own;
  }

  /** Returns the weight to compute with; the layer's own when no adapter is active. */
  Tensor weight() {
    if (!(slot.module() instanceof LoraLayer layer)
        || layer.effectiveWeight().parameters().isEmpty()) {
      return own.weight().tensor();
    }
    if (own.bias().isEmpty()) {
      layer.effectiveWeight().bias(); // refuses a bias: the layer has no slot for one
    }
    if (GradMode.is_enabled() || own.weight().isParametrized()) {
      return layer.effectiveWeight().weight();
    }
    return cached(layer);
  }

  /** Returns the bias to compute with, for a layer that has one. */
  Tensor bias() {
    Optional<Tensor> bias =
        slot.module() instanceof LoraLayer layer
            ? layer.effectiveWeight().bias()
            : own.bias().map(Parameter::tensor);
    return bias.orElseThrow();
  }

  private synchronized Tensor cached(LoraLayer layer) {
    List<Parameter> from = new ArrayList<>(layer.effectiveWeight().parameters());
    from.add(own.weight());
    List<Long> versions = from.stream().map(Parameter::version).toList();
    if (cached == null || !cached.from.equals(from) || !cached.versions.equals(versions)) {
      close();
      cached = new Cached(Ops.keep(layer.effectiveWeight().weight()), from, versions);
    }
    return new Tensor(
        cached.weight); // a separate handle, which survives a change by another thread
  }

  /** Drops the cached value. */
  @Override
  public synchronized void close() {
    if (cached != null) {
      cached.weight.deallocate();
      cached = null;
    }
  }
}
