package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.Weighted;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A frozen layer with low-rank updates: {@code y = W x + b + (alpha / r) B A x} (LoRA paper, §4.1,
 * eq. 3).
 *
 * <p>Its children are {@code pretrained}, and {@code A} and {@code B} of the default adapter; those
 * of an adapter with another name stand under that name.
 */
public sealed class LoraLayer extends Module permits LoraLinear {
  static final String DEFAULT = "default";

  private final Module pretrained;
  private final Adapters shared;
  private final Map<String, Update> updates = new LinkedHashMap<>();

  LoraLayer(Module pretrained, Adapters shared) {
    this.pretrained = pretrained;
    this.shared = shared;
    child("pretrained", pretrained);
    pretrained.freeze();
  }

  /** Whether layers of this kind can be adapted. */
  static boolean canAdapt(Module module) {
    return module instanceof Linear
        || module instanceof TransposedLinear
        || module instanceof Conv
        || module instanceof Embedding;
  }

  /** Takes a layer over, without a copy, and freezes it. */
  static LoraLayer over(Module layer, Adapters shared) {
    return layer instanceof Linear linear
        ? new LoraLinear(linear, shared)
        : new LoraLayer(layer, shared);
  }

  /** Takes what the layer takes, and gives what it gives. */
  @Override
  public final Tensor forward(Tensor input) {
    List<Update> active = activeUpdates();
    if (active.isEmpty()) {
      return pretrained.forward(input);
    }
    if (!isLinear() || input.dim() == 2) {
      return adapted(input, active);
    }
    long[] shape = Ops.shape(input);
    Tensor rows = input.reshape(-1, shape[shape.length - 1]);
    Tensor y = adapted(rows, active);
    shape[shape.length - 1] = y.size(1);
    return y.view(shape);
  }

  private Tensor adapted(Tensor x, List<Update> active) {
    Tensor y = pretrained.forward(x); // W x + b
    for (Update update : active) {
      y = update.addTo(y, x); // + (alpha / r) B A x
    }
    return y;
  }

  private boolean isLinear() {
    return pretrained instanceof Linear || pretrained instanceof TransposedLinear;
  }

  private List<Update> activeUpdates() {
    if (shared.isMerged()) {
      return List.of();
    }
    List<Update> active = new ArrayList<>();
    for (String name : shared.active()) {
      Update update = updates.get(name);
      if (update != null) {
        active.add(update);
      }
    }
    return active;
  }

  // ---- adapters ----

  Update add(String name, int rank, double scaling, LoraConfig config) {
    Update update = newUpdate(rank, scaling, config);
    update.to(weighted().weight().value().device());
    updates.put(name, update);
    child(name.equals(DEFAULT) ? "" : name, update);
    Initializer.initialize(update, config.initialization());
    if (config.dora()) {
      update.addMagnitude();
    }
    return update;
  }

  private Update newUpdate(int rank, double scaling, LoraConfig config) {
    if (pretrained instanceof Conv conv) {
      return new ConvUpdate(conv, rank, scaling, config);
    }
    if (pretrained instanceof Embedding embedding) {
      return new EmbeddingUpdate(embedding, rank, scaling);
    }
    return new LinearUpdate(weighted(), rank, scaling, config);
  }

  void remove(String name) {
    Update update = updates.remove(name);
    if (update != null) {
      removeChild(name.equals(DEFAULT) ? "" : name);
      update.close();
    }
  }

  @Nullable Update update(String name) {
    return updates.get(name);
  }

  /** The names of this layer's adapters. */
  public final Set<String> adapterNames() {
    return Set.copyOf(updates.keySet());
  }

  /** Whether B of every adapter is zero, as it is before training. */
  public final boolean updateIsZero() {
    return updates.values().stream().allMatch(update -> update.b().isZero());
  }

  // ---- the layer as one weight ----

  /** The names of this layer's adapters that take part in the calling thread's forward. */
  public final List<String> activeAdapters() {
    return shared.isMerged()
        ? List.of()
        : shared.active().stream().filter(updates::containsKey).toList();
  }

  /**
   * The weight with which the pretrained layer alone would give this layer's output: {@code W +
   * (alpha / r) B A}, laid out as W. Gradients flow to all that is trained.
   *
   * @throws UserError in training with dropout, which takes the update's input apart from the
   *     base's
   */
  public final Tensor adaptedWeight() {
    Tensor weight = weighted().weight().tensor();
    for (Update update : activeUpdates()) {
      if (update.dropsInputs()) {
        throw new UserError(
            "dropout of an adapter's input can't be computed where the layer is one weight:"
                + " train with dropout 0, and evaluate after train(false)");
      }
      weight = update.mergedInto(weight);
    }
    return weight;
  }

  /**
   * The bias that goes with {@link #adaptedWeight}, if the pretrained layer has one.
   *
   * @throws UserError where it has none and an adapter's B has
   */
  public final Optional<Tensor> adaptedBias() {
    Optional<Tensor> bias = weighted().bias().map(Parameter::tensor);
    for (Update update : activeUpdates()) {
      Parameter ofB = update.biasOfB();
      if (ofB != null) {
        bias = Optional.of(bias.orElseThrow(LoraLayer::noBias).add(ofB.tensor(), update.scaling()));
      }
    }
    return bias;
  }

  private static UserError noBias() {
    return new UserError("a layer without a bias can't take lora_bias in");
  }

  // ---- merging ----

  /** Puts the active adapters' updates into weight and bias; the journal keeps what was there. */
  void merge(MergeJournal journal) {
    List<Update> active = activeUpdates();
    if (active.isEmpty()) {
      return;
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Parameter weight = weighted().weight();
      Tensor w = weight.value();
      for (Update update : active) {
        w = update.mergedInto(w);
      }
      journal.change(weight, w);
      mergeBiases(active, journal);
    }
  }

  /** Frees every adapter; the pretrained layer stays. */
  void closeAdapters() {
    List.copyOf(updates.keySet()).forEach(this::remove);
  }

  private void mergeBiases(List<Update> active, MergeJournal journal) {
    for (Update update : active) {
      Parameter ofB = update.biasOfB();
      if (ofB != null) {
        Parameter bias = weighted().bias().orElseThrow(LoraLayer::noBias);
        journal.change(bias, bias.value().add(ofB.value(), update.scaling()));
      }
    }
  }

  /** The layer that is adapted. */
  public Module pretrained() {
    return pretrained;
  }

  Weighted weighted() {
    return (Weighted) pretrained;
  }

  Adapters shared() {
    return shared;
  }
}
