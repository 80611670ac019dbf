package dev.lora4j.lora.config;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.AdapterPlan.Bias;
import dev.lora4j.lora.config.AdapterPlan.Layer;
import dev.lora4j.lora.config.AdapterPlan.RawParameter;
import dev.lora4j.lora.config.AdapterPlan.Saved;
import dev.lora4j.lora.config.AdapterPlan.Tokens;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.method.CompatibilityChecks;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Resolves a config's targets in a network; one error lists all names that match nothing. */
public final class TargetResolver {
  private final LoraConfig config;
  private final Map<String, Module> modules;
  private final String head; // empty if the network is not a language model
  private final TiedWeights tied;
  private final List<String> problems = new ArrayList<>();
  private final List<String> unmatched = new ArrayList<>(); // names and patterns that match nothing

  private TargetResolver(Module base, LoraConfig config) {
    modules = BaseModules.original(base);
    this.config =
        config.targets() instanceof Targets.OfArchitecture
            ? config.targets(defaultTargets(base))
            : config;
    head = base.headPath().orElse("");
    tied = TiedWeights.of(modules);
  }

  private Targets defaultTargets(Module base) {
    if (!base.defaultTargets().isEmpty()) {
      return Targets.named(base.defaultTargets());
    }
    Optional<String> type = base.modelType();
    return type.flatMap(DefaultTargets::of)
        .orElseThrow(
            () ->
                new UserError(
                    "target_modules is null, and "
                        + type.map(
                                t ->
                                    "there is no default for model_type '"
                                        + t
                                        + "'"
                                        + NearMiss.hint(t, DefaultTargets.knownTypes()))
                            .orElse("the network has no model_type")
                        + "; name the target modules, of "
                        + String.join(", ", lastNames(adaptable()))));
  }

  public static AdapterPlan plan(Module base, LoraConfig config) {
    refuseDataDriven(config.initialization());
    return strictly(new TargetResolver(base, config));
  }

  /** Plans an adapter that the caller initialises from data. */
  public static AdapterPlan planFromData(Module base, LoraConfig config) {
    AdapterPlan plan = strictly(new TargetResolver(base, config));
    if (plan.layers().stream().anyMatch(layer -> layer.tiedTo().isPresent())) {
      throw new UserError(
          TiedWeights.ENSURE
              + " of a target can't be combined with "
              + config.initialization().word());
    }
    return plan;
  }

  private static AdapterPlan strictly(TargetResolver resolver) {
    AdapterPlan plan = resolver.plan();
    resolver.problems.addAll(resolver.unmatched);
    refuse(resolver.problems);
    return plan;
  }

  private static void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new UserError(String.join("\n", problems));
    }
  }

  /** Refuses an initialisation that needs examples or original weights. */
  private static void refuseDataDriven(Initialization how) {
    if (how instanceof Initialization.Eva) {
      throw new UserError(
          "eva initialises from examples of the layers' inputs: pass some batches,"
              + " Lora.adapt(network, config, batches)");
    }
    if (how instanceof Initialization.Loftq) {
      throw new UserError(
          "loftq initialises from the weights before quantisation: pass them,"
              + " Lora.adaptByLoftq(network, config, originals)");
    }
  }

  /** Plans an adapter to be loaded, whose tensors determine the layers; names may match nothing. */
  public static AdapterPlan planForLoading(Module base, LoraConfig config) {
    TargetResolver resolver = new TargetResolver(base, config);
    AdapterPlan plan = resolver.plan();
    refuse(resolver.problems);
    if (plan.layers().isEmpty() && plan.parameters().isEmpty() && plan.tokens().isEmpty()) {
      refuse(resolver.unmatched);
    }
    return plan;
  }

  private AdapterPlan plan() {
    if (!config.unsupportedOptions().isEmpty()) {
      problems.add(
          "%s does not take %s"
              .formatted(
                  config.method().peftType(), String.join(", ", config.unsupportedOptions())));
    }
    List<Saved> saved = saved();
    List<Layer> layers = layers(saved);
    if (TiedWeights.ensured(config)) {
      EnsuredTying tying = new EnsuredTying(config, modules, tied);
      saved = tying.saved(saved);
      layers = without(saved, tying.layers(without(saved, layers), problems));
    }
    List<RawParameter> parameters = parameters();
    checkTargets(layers);
    checkPatterns(layers, parameters);
    if (!TiedWeights.ensured(config)) {
      problems.addAll(tied.refused(saved));
    }
    AdapterPlan plan = new AdapterPlan(layers, parameters, saved, biases(layers, saved), tokens());
    problems.addAll(FrozenWeights.problems(plan, modules));
    return plan;
  }

  private Module module(String path) {
    return Objects.requireNonNull(modules.get(path));
  }

  // ---- target_modules ----

  private List<Layer> layers(List<Saved> saved) {
    List<Layer> layers = new ArrayList<>();
    modules.forEach(
        (path, module) -> {
          if (LoraLayer.canAdapt(module) && isTarget(path, module) && !isBelow(path, saved)) {
            problems.addAll(config.method().problems(path, module, config.optionsAt(path)));
            layers.add(layer(path, module, config));
          }
        });
    return layers;
  }

  static Layer layer(String path, Module module, LoraConfig config) {
    return new Layer(path, module, config.rankAt(path), config.scalingAt(path), Optional.empty());
  }

  private boolean isTarget(String path, Module module) {
    return matches(config.targets(), path, module, head)
        && !config.exclude().include(path)
        && isInLayers(path);
  }

  private static boolean matches(Targets targets, String path, Module module, String head) {
    return targets instanceof Targets.EveryLinear
        ? (module instanceof Linear || module instanceof TransposedLinear) && !path.equals(head)
        : targets.include(path);
  }

  /** Returns the paths of the layers that targets match, before anything is excluded. */
  public static Set<String> matching(Module base, Targets targets) {
    String head = base.headPath().orElse("");
    Set<String> matches = new LinkedHashSet<>();
    BaseModules.original(base)
        .forEach(
            (path, module) -> {
              if (LoraLayer.canAdapt(module) && matches(targets, path, module, head)) {
                matches.add(path);
              }
            });
    return matches;
  }

  private boolean isInLayers(String path) {
    return config.layersToTransform().isEmpty()
        || LayerNumber.of(path, config.layersPattern())
            .map(config.layersToTransform()::contains)
            .orElse(false);
  }

  private static List<Layer> without(List<Saved> saved, List<Layer> layers) {
    return layers.stream()
        .filter(layer -> !isBelow(layer.tiedTo().orElse(layer.path()), saved))
        .toList();
  }

  private static boolean isBelow(String path, List<Saved> saved) {
    return saved.stream().anyMatch(one -> one.contains(path));
  }

  private void checkTargets(List<Layer> layers) {
    if (config.targets() instanceof Targets.Named named) {
      named.names().stream()
          .filter(name -> layers.stream().noneMatch(l -> Targets.Named.matches(name, l.path())))
          .forEach(this::explainUnmatched);
    } else if (layers.isEmpty()) {
      unmatched.add(
          config.targets() instanceof Targets.Matching matching
              ? "no linear layer's full path matches '%s'; linear layers: %s"
                  .formatted(matching.regex(), String.join(", ", adaptable()))
              : "the network has no linear layer");
    }
  }

  private void explainUnmatched(String name) {
    List<String> matches =
        modules.keySet().stream().filter(p -> Targets.Named.matches(name, p)).toList();
    if (matches.isEmpty()) {
      problems.add(
          "no module matches '" + name + "'" + NearMiss.hint(name, lastNames(adaptable())));
    } else if (!LoraLayer.canAdapt(module(matches.get(0)))) {
      String path = matches.get(0);
      unmatched.add(
          "'%s' is a %s, which can't be adapted; linear layers: %s"
              .formatted(path, module(path).kind(), String.join(", ", adaptable())));
    } else {
      unmatched.add(
          "target '%s' is excluded by exclude_modules, layers_to_transform or modules_to_save"
              .formatted(name));
    }
  }

  private List<String> adaptable() {
    return modules.keySet().stream().filter(p -> LoraLayer.canAdapt(module(p))).toList();
  }

  private static List<String> lastNames(List<String> paths) {
    return paths.stream().map(p -> p.substring(p.lastIndexOf('.') + 1)).distinct().toList();
  }

  // ---- rank_pattern, alpha_pattern ----

  private void checkPatterns(List<Layer> layers, List<RawParameter> parameters) {
    List<String> paths = new ArrayList<>(layers.stream().map(Layer::path).toList());
    parameters.forEach(p -> paths.add(p.path() + "." + p.name()));
    checkPatterns("rank_pattern", config.rankPattern(), paths);
    checkPatterns("alpha_pattern", config.alphaPattern(), paths);
  }

  private void checkPatterns(String key, PathPatterns patterns, List<String> paths) {
    patterns.values().keySet().stream()
        .filter(pattern -> paths.stream().noneMatch(path -> PathPatterns.fits(pattern, path)))
        .map(
            p ->
                key + ": no adapted layer matches '" + p + "'" + NearMiss.hint(p, lastNames(paths)))
        .forEach(unmatched::add);
  }

  // ---- modules_to_save, bias, trainable_token_indices ----

  /** As in PEFT, {@code classifier} matches {@code pre_classifier} too. */
  private List<Saved> saved() {
    List<Saved> saved = new ArrayList<>();
    for (String name : config.modulesToSave()) {
      List<String> matches =
          matching("modules_to_save", name, module -> true, path -> path.endsWith(name));
      matches.forEach(path -> saved.add(new Saved(path, module(path), false)));
    }
    return saved;
  }

  private List<Bias> biases(List<Layer> layers, List<Saved> saved) {
    if (config.bias() == BiasTraining.NONE) {
      return List.of();
    }
    List<String> adapted = layers.stream().map(Layer::path).toList();
    List<Bias> biases = new ArrayList<>();
    modules.forEach(
        (path, module) -> {
          boolean isAdapted = adapted.contains(path);
          boolean wanted = isAdapted || config.bias() == BiasTraining.ALL;
          if (wanted && module.ownParameters().containsKey("bias") && !isBelow(path, saved)) {
            biases.add(new Bias(path, module, isAdapted));
          }
        });
    return biases;
  }

  private List<Tokens> tokens() {
    List<Tokens> tokens = new ArrayList<>();
    config
        .trainableTokens()
        .forEach(
            (name, rows) -> {
              for (String path :
                  matching(
                      "trainable_token_indices",
                      name,
                      Embedding.class::isInstance,
                      path -> Targets.Named.matches(name, path))) {
                checkRows(path, rows);
                tokens.add(new Tokens(path, module(path), rows));
              }
            });
    return tokens;
  }

  private void checkRows(String path, List<Long> rows) {
    long size = ((Embedding) module(path)).store().shape()[0];
    rows.stream()
        .filter(row -> row < 0 || row >= size)
        .forEach(
            row ->
                problems.add(
                    "trainable_token_indices: %s has rows 0 to %d, found %d"
                        .formatted(path, size - 1, row)));
  }

  private List<String> matching(
      String key, String name, Predicate<Module> kind, Predicate<String> path) {
    List<String> candidates = modules.keySet().stream().filter(p -> kind.test(module(p))).toList();
    List<String> matches = candidates.stream().filter(path).toList();
    if (matches.isEmpty()) {
      unmatched.add(
          key + ": no module matches '" + name + "'" + NearMiss.hint(name, lastNames(candidates)));
    }
    return matches;
  }

  // ---- target_parameters ----

  private List<RawParameter> parameters() {
    List<RawParameter> found = new ArrayList<>();
    modules.forEach((path, module) -> found.addAll(parametersOf(path, module)));
    for (String target : config.targetParameters()) {
      if (found.stream().noneMatch(p -> Targets.Named.matches(target, p.path() + "." + p.name()))) {
        unmatched.add("target_parameters: no parameter matches '" + target + "'");
      }
    }
    return found;
  }

  private List<RawParameter> parametersOf(String path, Module module) {
    List<String> names =
        module.ownParameters().keySet().stream()
            .filter(name -> isTargetParameter(path + "." + name))
            .toList();
    List<RawParameter> found = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String full = path + "." + names.get(i);
      Parameter parameter = Objects.requireNonNull(module.ownParameters().get(names.get(i)));
      problems.addAll(CompatibilityChecks.of(full, parameter, config.initialization()));
      found.add(
          new RawParameter(
              path,
              module,
              names.get(i),
              config.rankAt(full),
              config.scalingAt(full),
              names.size() - 1 - i));
    }
    return found;
  }

  private boolean isTargetParameter(String path) {
    return config.targetParameters().stream().anyMatch(t -> Targets.Named.matches(t, path));
  }
}
