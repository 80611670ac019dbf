package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.Conv;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.RowLayer;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.Weighted;
import dev.lora4j.row.RowLinear;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
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
public sealed class LoraLayer extends Module implements RowLayer permits LoraLinear {
  static final String DEFAULT = "default";

  private final Module pretrained;
  private final Adapters shared;
  private final Map<Adapter, Update> updates = new ConcurrentHashMap<>();

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
    OnePass pass = OnePass.current();
    LinearUpdate alone = pass == null ? null : updateOfAllRows();
    return pass != null && alone != null && UpdateInPass.suits(alone, input)
        ? new UpdateInPass(alone).forward(pretrained, input, pass)
        : onTop(pretrained.forward(input), input); // W x + b
  }

  /** The update that every row gets, if it is a linear layer's and the only one. */
  private @Nullable LinearUpdate updateOfAllRows() {
    if (shared.choice() instanceof AdapterPerRow) {
      return null;
    }
    List<Update> active = activeUpdates();
    return active.size() == 1 && active.get(0) instanceof LinearUpdate linear ? linear : null;
  }

  private Tensor onTop(Tensor y, Tensor x) {
    if (shared.isMerged()) {
      return y;
    }
    AdapterChoice choice = shared.choice();
    return choice instanceof AdapterPerRow rows ? onTop(y, x, rows) : onTop(y, x, choice.present());
  }

  private Tensor onTop(Tensor y, Tensor x, List<Adapter> active) {
    Tensor sum = y;
    for (Adapter adapter : active) {
      Update update = updates.get(adapter);
      if (update != null) {
        sum = update.addTo(sum, x); // + (alpha / r) B A x
      }
    }
    return sum;
  }

  private Tensor onTop(Tensor y, Tensor x, AdapterPerRow rows) {
    RowUpdates ofRows = rows.in(this);
    return ofRows == null ? y : ofRows.addTo(y, x);
  }

  @Override
  public final Optional<RowLinear> ofRows() {
    if (!(pretrained instanceof RowLayer base) || shared.choice() instanceof AdapterPerRow) {
      return Optional.empty();
    }
    Optional<RowLinear> rows = base.ofRows();
    for (Update update : activeUpdates()) {
      rows = rows.flatMap(before -> update.ofRows().map(before::plus));
    }
    return rows;
  }

  // ---- adapters ----

  Update add(Adapter adapter, int rank, double scaling, LoraConfig config) {
    Update update = newUpdate(rank, scaling, config);
    update.to(weighted().store().device());
    updates.put(adapter, update);
    adapter.updates(this);
    name(adapter);
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

  /** Lets the adapter's update stand in the tree under the adapter's name. */
  void name(Adapter adapter) {
    child(placeOf(adapter), requireNonNull(updates.get(adapter)));
  }

  void unname(Adapter adapter) {
    removeChild(placeOf(adapter));
  }

  private static String placeOf(Adapter adapter) {
    return adapter.name().equals(DEFAULT) ? "" : adapter.name();
  }

  /** Frees the adapter's update. */
  void remove(Adapter adapter) {
    Update update = updates.remove(adapter);
    if (update != null) {
      update.close();
    }
  }

  @Nullable Update update(Adapter adapter) {
    return updates.get(adapter);
  }

  /** Whether rows with this adapter and rows with others can go through at once. */
  boolean canShareBatch(Adapter adapter) {
    Update update = requireNonNull(updates.get(adapter));
    return !update.isRandomNow() && !(update instanceof ConvUpdate conv && !conv.isDense());
  }

  /** The names of this layer's adapters. */
  public final Set<String> adapterNames() {
    return updates.keySet().stream().map(Adapter::name).collect(Collectors.toUnmodifiableSet());
  }

  /** Whether B of every adapter is zero, as it is before training. */
  public final boolean updateIsZero() {
    return updates.values().stream().allMatch(update -> update.b().isZero());
  }

  // ---- the layer as one weight ----

  /**
   * All that is trained in this layer of the adapters in the calling thread's forward, in their
   * order; empty where none takes part.
   */
  public final List<Parameter> activeParameters() {
    return activeUpdates().stream().flatMap(update -> update.saved().values().stream()).toList();
  }

  /**
   * The weight with which the pretrained layer alone would give this layer's output: {@code W +
   * (alpha / r) B A}, laid out as W. Gradients flow to all that is trained.
   *
   * @throws UserError where no weight can: in training with dropout, which takes the update's input
   *     apart from the base's; for rows with different adapters; with groups
   */
  public final Tensor adaptedWeight() {
    Tensor weight = weighted().store().dense();
    for (Update update : activeUpdates()) {
      requireOneWeight(update);
      weight = update.addedTo(weight);
    }
    return weight;
  }

  private void requireOneWeight(Update update) {
    update.requireMergeable();
    if (update.isRandomNow()) {
      throw new UserError(
          "dropout of an adapter's input can't be computed where the layer is one weight:"
              + " train with dropout 0, and evaluate after train(false)");
    }
    if (shared.choice() instanceof AdapterPerRow) {
      throw new UserError(
          "rows with different adapters can't be computed where the layer is one weight:"
              + " pass the rows of each adapter on their own");
    }
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

  private List<Update> activeUpdates() {
    return shared.isMerged() ? List.of() : updatesOf(shared.choice().present());
  }

  private static UserError noBias() {
    return new UserError("a layer without a bias can't take lora_bias in");
  }

  // ---- merging ----

  /**
   * @throws UserError if the layer's weight or bias has no place for one of these adapters' updates
   */
  void requireMergeable(List<Adapter> active) {
    for (Update update : updatesOf(active)) {
      weighted().store().parameter(); // a quantised weight has none
      update.requireMergeable();
      if (update.biasOfB() != null && weighted().bias().isEmpty()) {
        throw noBias();
      }
    }
  }

  private List<Update> updatesOf(List<Adapter> active) {
    return active.stream().map(updates::get).filter(Objects::nonNull).toList();
  }

  /**
   * Puts these adapters' updates into weight and bias.
   *
   * @param journal remembers how to take them out again
   */
  void merge(List<Adapter> active, MergeJournal journal) {
    List<Update> merged = updatesOf(active);
    Parameter weight = weighted().weight();
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      List<WeightChange> changes = merged.stream().map(WeightChange::of).toList();
      changes.forEach(change -> journal.change(weight, change));
      merged.forEach(update -> mergeBias(update, journal));
    }
  }

  /**
   * @throws UserError if one of these adapters multiplies an output by zero, so that what the
   *     weight was can't be computed from the merged one
   */
  void refuseZeroMagnitudes(List<Adapter> active, String path) {
    if (updatesOf(active).stream().anyMatch(Update::hasZeroMagnitude)) {
      throw new UserError(
          path
              + ": a DoRA magnitude is exactly zero, which can't be divided out again; merge with"
              + " Unmerging.EXACT, which keeps a copy, or Unmerging.NEVER");
    }
  }

  void refuseTiedMerge(List<Adapter> active, String path, TiedWeights tied) {
    if (!updatesOf(active).isEmpty()) {
      tied.refuseMerge(path, pretrained);
    }
  }

  private void mergeBias(Update update, MergeJournal journal) {
    Parameter ofB = update.biasOfB();
    if (ofB != null) {
      Parameter bias = weighted().bias().orElseThrow();
      journal.replace(bias, bias.value().add(ofB.value(), update.scaling()));
    }
  }

  /**
   * Adds what these adapters make of weight and bias, to be computed when it is asked for.
   *
   * @param merged what others make of parameters, on top of which this layer's adapters work
   */
  void addMerged(List<Adapter> active, Map<Parameter, Supplier<Tensor>> merged) {
    List<Update> chosen = updatesOf(active);
    if (chosen.isEmpty()) {
      return;
    }
    Parameter weight = weighted().weight();
    Supplier<Tensor> own = merged.getOrDefault(weight, weight::value);
    merged.put(weight, () -> mergedWeight(own.get(), chosen));
    for (Update update : chosen) {
      Parameter ofB = update.biasOfB();
      if (ofB != null) {
        Parameter bias = weighted().bias().orElseThrow();
        Supplier<Tensor> before = merged.getOrDefault(bias, bias::value);
        merged.put(bias, () -> before.get().add(ofB.value(), update.scaling()));
      }
    }
  }

  private static Tensor mergedWeight(Tensor weight, List<Update> chosen) {
    Tensor merged = weight.to(chosen.get(0).b().value().dtype(), false, true);
    for (Update update : chosen) {
      try (WeightChange change = WeightChange.of(update)) {
        change.apply(merged);
      }
    }
    return merged;
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
