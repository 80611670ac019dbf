package dev.lora4j.lora.init;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.TargetResolver;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Explained Variance Adaptation (Paischer et al. 2024, arXiv:2410.07170): runs examples through the
 * base until the principal components of each layer's inputs converge, and allots the ranks to the
 * components that explain the most variance. Layers with the same inputs share their components.
 */
public final class Eva implements AutoCloseable {
  private static final int MOST_PASSES = 100;

  private final Module base;
  private final Initialization.Eva how;
  private final Map<String, Module> targets = new LinkedHashMap<>(); // one path a layer
  private final Map<String, Integer> ranks = new LinkedHashMap<>(); // as the config has them
  private final Map<String, EvaLayer> learners = new LinkedHashMap<>(); // may be shared
  private Map<String, Integer> allotted = Map.of();

  private Eva(Module base, LoraConfig config, Initialization.Eva how, AdapterPlan plan) {
    this.base = base;
    this.how = how;
    for (AdapterPlan.Layer layer : plan.layers()) {
      if (isLinear(layer.module()) && !targets.containsValue(layer.module())) {
        targets.put(layer.path(), layer.module());
        ranks.put(layer.path(), config.rankAt(layer.path()));
        learners.put(layer.path(), new EvaLayer(wanted(layer), how.tau()));
      }
    }
  }

  private static boolean isLinear(Module module) {
    return module instanceof Linear || module instanceof TransposedLinear;
  }

  private int wanted(AdapterPlan.Layer layer) {
    long inputs = ((WeightedLayer) layer.module()).inFeatures();
    if (layer.rank() > inputs) {
      throw new UserError(
          "eva: the rank at '%s', %d, exceeds its number of inputs, %d"
              .formatted(layer.path(), layer.rank(), inputs));
    }
    return (int) Math.min(Math.rint(layer.rank() * how.rho()), inputs);
  }

  public static EvaResult learn(Module base, LoraConfig config, List<EvaBatch> batches) {
    if (!(config.initialization() instanceof Initialization.Eva how)) {
      throw new UserError(
          "examples are for init_lora_weights = eva, found " + config.initialization().word());
    }
    if (batches.isEmpty()) {
      throw new UserError("eva: no examples; give at least one batch");
    }
    AdapterPlan plan = TargetResolver.planFromData(base, config);
    boolean training = base.isTraining();
    base.train(false);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Eva eva = new Eva(base, config, how, plan)) {
      eva.shareEqualInputs(batches.get(0));
      eva.learnUntilFound(batches);
      return eva.result(config, plan);
    } finally {
      base.train(training);
    }
  }

  // ---- recording inputs ----

  /**
   * Assigns one {@link EvaLayer} to all layers with equal inputs, with the components that any
   * needs.
   */
  private void shareEqualInputs(EvaBatch first) {
    watch(first, (path, rows) -> learner(path).recognize(rows));
    Map<String, List<String>> byInput = new LinkedHashMap<>();
    learners.forEach(
        (path, learner) -> {
          String input = learner.firstInput();
          if (input != null) {
            byInput.computeIfAbsent(input, i -> new ArrayList<>()).add(path);
          }
        });
    if (byInput.isEmpty()) {
      throw new UserError(
          "eva: the inputs of %s can't be recorded, since the model's forward calls none of them as a"
                  .formatted(String.join(", ", targets.keySet()))
              + " module of the tree (a TorchScript file runs its own program); initialise with"
              + " pissa, olora or the default instead");
    }
    for (List<String> same : byInput.values()) {
      int most = same.stream().mapToInt(path -> learner(path).wanted()).max().orElseThrow();
      EvaLayer shared = new EvaLayer(most, how.tau());
      same.forEach(path -> learners.put(path, shared));
    }
  }

  private EvaLayer learner(String path) {
    return Objects.requireNonNull(learners.get(path));
  }

  private void learnUntilFound(List<EvaBatch> batches) {
    for (int step = 0; step < MOST_PASSES * batches.size(); step++) {
      List<EvaLayer> searching = searching();
      if (searching.isEmpty()) {
        return;
      }
      List<EvaLayer> pending = new ArrayList<>(searching);
      watch(
          batches.get(step % batches.size()),
          (path, rows) -> {
            EvaLayer learner = learner(path);
            if (pending.remove(learner)) { // once a step, however many layers share it
              learner.learn(rows);
            }
          });
      if (learners.values().stream().allMatch(learner -> learner.pca().hasComponents())) {
        allotted = allot();
      }
    }
    throw new UserError(
        "eva: after %d passes the components of %s have not converged; give more examples per batch (at"
                .formatted(MOST_PASSES, String.join(", ", notFound()))
            + " least as many rows as components: rank · rho), or a lower tau");
  }

  private List<EvaLayer> searching() {
    return notFound().stream().map(this::learner).distinct().toList();
  }

  private List<String> notFound() {
    return targets.keySet().stream()
        .filter(path -> !learner(path).isFound(allotted.getOrDefault(path, learner(path).wanted())))
        .toList();
  }

  private Map<String, Integer> allot() {
    Map<String, float[]> explained = new LinkedHashMap<>();
    Map<EvaLayer, float[]> known = new HashMap<>();
    for (String path : ownersFirst()) {
      EvaLayer learner = learner(path);
      explained.put(path, known.computeIfAbsent(learner, l -> l.pca().explained()));
    }
    return EvaRanks.allot(explained, ranks.values().stream().mapToInt(Integer::intValue).sum());
  }

  /** Returns the paths, owners of shared inputs first, so that they get the largest rank. */
  private Collection<String> ownersFirst() {
    Map<EvaLayer, String> owners = new HashMap<>();
    List<String> sharing = new ArrayList<>();
    List<String> order = new ArrayList<>();
    for (String path : targets.keySet()) {
      (owners.putIfAbsent(learner(path), path) == null ? order : sharing).add(path);
    }
    order.addAll(sharing);
    return order;
  }

  /** Runs a batch through the base and passes each layer's input to the watcher. */
  private void watch(EvaBatch batch, BiConsumer<String, Tensor> watcher) {
    Map<Module, String> first = new HashMap<>();
    targets.forEach((path, module) -> first.put(module, path));
    Map<String, Module> replaced = new LinkedHashMap<>();
    Map<String, Module> all = base.namedModules();
    BaseModules.original(base)
        .forEach(
            (path, layer) -> {
              String target = first.get(layer);
              if (target != null) {
                Module present = Objects.requireNonNull(all.get(path));
                replaced.put(path, present);
                base.replace(
                    path,
                    new InputRecorder(
                        present, input -> watcher.accept(target, batch.counted(input, how))));
              }
            });
    try (PointerScope scope = new PointerScope()) {
      base.forward(batch.input());
    } finally {
      replaced.forEach(base::replace);
    }
  }

  // ---- result ----

  private EvaResult result(LoraConfig config, AdapterPlan plan) {
    Map<String, Tensor> components = new LinkedHashMap<>();
    Map<String, Double> newRanks = new LinkedHashMap<>();
    Map<String, Double> newAlphas = new LinkedHashMap<>();
    List<String> kept = new ArrayList<>();
    for (AdapterPlan.Layer layer : plan.layers()) {
      String path = layer.path();
      int rank = rankOf(layer);
      if (rank == 0) {
        continue;
      }
      kept.add(path);
      double growth = how.adjustScalingFactors() ? (double) rank / layer.rank() : 1;
      newRanks.put(path, (double) rank);
      newAlphas.put(path, config.alphaAt(path) * growth);
      if (isLinear(layer.module())) {
        components.put(path, Ops.keep(learner(owner(layer)).pca().components(rank, how.whiten())));
      }
    }
    plan.parameters()
        .forEach(
            parameter -> {
              String path = parameter.path() + "." + parameter.name();
              newRanks.put(path, (double) parameter.rank());
              newAlphas.put(path, config.alphaAt(path));
            });
    LoraConfig found =
        config.patterns(
            PathPatterns.exactly(newRanks, config.rank()),
            PathPatterns.exactly(newAlphas, config.alpha()));
    return new EvaResult(
        kept.size() == plan.layers().size() ? found : found.only(kept), components);
  }

  private String owner(AdapterPlan.Layer layer) {
    return targets.entrySet().stream()
        .filter(target -> target.getValue() == layer.module())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  private int rankOf(AdapterPlan.Layer layer) {
    return isLinear(layer.module())
        ? allotted.getOrDefault(owner(layer), layer.rank())
        : layer.rank();
  }

  @Override
  public void close() {
    learners.values().forEach(EvaLayer::close);
  }
}
