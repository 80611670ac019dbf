package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A frozen linear layer with low-rank updates: {@code y = W x + b + (alpha / r) B A x} (LoRA paper,
 * §4.1, eq. 3).
 *
 * <p>Its children are {@code pretrained}, and {@code A} and {@code B} of the default adapter; those
 * of an adapter with another name stand under that name.
 */
public final class LoraLinear extends Module {
  static final String DEFAULT = "default";

  private final Linear pretrained;
  private final Adapters shared;
  private final Map<String, LowRank> adapters = new LinkedHashMap<>();
  private @Nullable Tensor weightBeforeMerge;

  /** Adapts a frozen copy of a linear layer with rank 4 and alpha 4. */
  public LoraLinear(Module module) {
    this(module, 4, 4);
  }

  /**
   * Adapts a frozen copy of a linear layer.
   *
   * @param rank {@code r}, at least 1
   * @param alpha the update is scaled by {@code alpha / rank}
   * @throws UserError if the module is no linear layer or the rank is below 1
   */
  public LoraLinear(Module module, int rank, double alpha) {
    this(frozenCopy(module), new Adapters());
    LoraConfig config = LoraConfig.rank(rank).alpha(alpha);
    shared.configs().put(DEFAULT, config);
    shared.activate(List.of(DEFAULT));
    add(DEFAULT, config.rank(), config.scaling());
  }

  private LoraLinear(Linear pretrained, Adapters shared) {
    this.pretrained = pretrained;
    this.shared = shared;
    child("pretrained", pretrained);
  }

  /** Takes a layer over, without a copy, and freezes it. */
  static LoraLinear over(Linear pretrained, Adapters shared) {
    pretrained.freeze();
    return new LoraLinear(pretrained, shared);
  }

  private static Linear frozenCopy(Module module) {
    if (!(module instanceof Linear linear)) {
      throw new UserError("LoraLinear adapts a Linear, found " + module.getClass().getSimpleName());
    }
    Linear copy = linear.copy();
    copy.freeze();
    return copy;
  }

  /**
   * @param input {@code [batch…, in]}
   * @return {@code [batch…, out]}
   */
  @Override
  public Tensor forward(Tensor input) {
    List<String> active = shared.active();
    if (isMerged() || active.isEmpty()) {
      return pretrained.forward(input);
    }
    if (input.dim() == 2) {
      return adapted(input, active);
    }
    long[] shape = Ops.shape(input);
    shape[shape.length - 1] = pretrained.outFeatures();
    return adapted(input.reshape(-1, pretrained.inFeatures()), active).view(shape);
  }

  private Tensor adapted(Tensor x, List<String> active) {
    Tensor y = pretrained.forward(x); // W x + b
    for (String name : active) {
      LowRank adapter = adapters.get(name);
      if (adapter != null) {
        y = adapter.addTo(y, x); // + (alpha / r) B A x
      }
    }
    return y;
  }

  void add(String name, int rank, double scaling) {
    LowRank adapter;
    try (PointerScope scope = new PointerScope()) {
      adapter = new LowRank(pretrained.inFeatures(), pretrained.outFeatures(), rank, scaling);
      adapter.to(pretrained.weight().value().device());
    }
    adapters.put(name, adapter);
    if (name.equals(DEFAULT)) {
      child("A", adapter.a());
      child("B", adapter.b());
    } else {
      child(name, adapter);
    }
  }

  void remove(String name) {
    LowRank adapter = adapters.remove(name);
    if (adapter == null) {
      return;
    }
    if (name.equals(DEFAULT)) {
      removeChild("A");
      removeChild("B");
    } else {
      removeChild(name);
    }
    adapter.close();
  }

  /**
   * Adds the active adapters' {@code ΔW} to the weight; the weight before is kept for unmerging.
   */
  void merge() {
    Parameter weight = pretrained.weight();
    List<LowRank> active =
        shared.active().stream().map(adapters::get).filter(a -> a != null).toList();
    if (isMerged() || active.isEmpty()) {
      return;
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      weightBeforeMerge = Ops.keep(weight.value().clone());
      active.forEach(adapter -> weight.value().add_(adapter.delta()));
    }
  }

  /** Puts the weight before the merge back, bit for bit. */
  void unmerge() {
    if (weightBeforeMerge != null) {
      pretrained.weight().copyFrom(weightBeforeMerge);
      weightBeforeMerge.deallocate();
      weightBeforeMerge = null;
    }
  }

  /** Frees everything but the pretrained layer, whose weight stays as it is, merged or not. */
  void closeAdapters() {
    List.copyOf(adapters.keySet()).forEach(this::remove);
    if (weightBeforeMerge != null) {
      weightBeforeMerge.deallocate();
      weightBeforeMerge = null;
    }
  }

  /** Whether the weight holds adapters' updates now. */
  public boolean isMerged() {
    return weightBeforeMerge != null;
  }

  /** Whether B of every adapter is zero, as it is before training. */
  public boolean updateIsZero() {
    return adapters.values().stream().allMatch(adapter -> adapter.b().weight().isZero());
  }

  /** The layer that is adapted. */
  public Linear pretrained() {
    return pretrained;
  }

  /** The names of this layer's adapters. */
  public Set<String> adapterNames() {
    return adapters.keySet().stream().collect(Collectors.toUnmodifiableSet());
  }

  @Nullable LowRank adapter(String name) {
    return adapters.get(name);
  }

  Adapters shared() {
    return shared;
  }
}
