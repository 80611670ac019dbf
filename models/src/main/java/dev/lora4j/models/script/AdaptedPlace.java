package dev.lora4j.models.script;

import dev.lora4j.lora.LoraLayer;
import dev.lora4j.nn.Child;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer that may be adapted, as the weight and the bias that a script holds. With gradients it is
 * computed anew for every forward; without, once, and kept until anything that it came from has
 * changed.
 */
final class AdaptedPlace implements AutoCloseable {
  private final Child place;
  private final Weighted own;
  private @Nullable Kept kept;

  private record Kept(Tensor weight, List<Parameter> from, List<Long> versions) {}

  AdaptedPlace(Child place, Weighted own) {
    this.place = place;
    this.own = own;
  }

  /** The weight to compute with; the layer's own, where no adapter is active. */
  Tensor weight() {
    if (!(place.module() instanceof LoraLayer layer)
        || layer.effectiveWeight().parameters().isEmpty()) {
      return own.weight().tensor();
    }
    if (own.bias().isEmpty()) {
      layer.effectiveWeight().bias(); // there is no place for one
    }
    if (GradMode.is_enabled() || own.weight().isParametrized()) {
      return layer.effectiveWeight().weight();
    }
    return kept(layer);
  }

  /** The bias to compute with, of a layer that has one. */
  Tensor bias() {
    Optional<Tensor> bias =
        place.module() instanceof LoraLayer layer
            ? layer.effectiveWeight().bias()
            : own.bias().map(Parameter::tensor);
    return bias.orElseThrow();
  }

  private synchronized Tensor kept(LoraLayer layer) {
    List<Parameter> from = new ArrayList<>(layer.effectiveWeight().parameters());
    from.add(own.weight());
    List<Long> versions = from.stream().map(Parameter::version).toList();
    if (kept == null || !kept.from.equals(from) || !kept.versions.equals(versions)) {
      close();
      kept = new Kept(Ops.keep(layer.effectiveWeight().weight()), from, versions);
    }
    return new Tensor(kept.weight); // another handle, that outlives a change by another thread
  }

  /** Forgets what is kept. */
  @Override
  public synchronized void close() {
    if (kept != null) {
      kept.weight.deallocate();
      kept = null;
    }
  }
}
