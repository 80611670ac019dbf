package dev.lora4j.lora.config;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.lora4j.UserError;
import dev.lora4j.lora.layer.DeltaOptions;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.LoraMethods;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The config of an adapter, an immutable value with PEFT's keys, meanings and defaults.
 *
 * @param rank {@code r}: columns of B, rows of A
 * @param alpha {@code lora_alpha}: the delta is scaled by {@code alpha / rank}
 * @param loraBias {@code lora_bias}: whether B has a bias
 * @param rsLora {@code use_rslora}: scaling is {@code alpha / √rank} (arXiv:2312.03732)
 * @param dora {@code use_dora}: a trained magnitude of each output (arXiv:2402.09353, eq. 5)
 * @param initialization {@code init_lora_weights}
 * @param layersToTransform only layers with these numbers; empty for all
 * @param layersPattern names before the number; empty for any
 * @param targetParameters raw parameters that are adapted, such as experts
 * @param trainableTokens {@code trainable_token_indices}: trained rows, by the embedding's name
 * @param otherKeys keys of {@code adapter_config.json} without effect here, written back as JSON
 */
public record LoraConfig(
    LoraMethod method,
    int rank,
    double alpha,
    Targets targets,
    Targets exclude,
    double dropout,
    BiasTraining bias,
    boolean loraBias,
    boolean rsLora,
    boolean dora,
    Initialization initialization,
    PathPatterns rankPattern,
    PathPatterns alphaPattern,
    List<Integer> layersToTransform,
    List<String> layersPattern,
    List<String> modulesToSave,
    List<String> targetParameters,
    Map<String, List<Long>> trainableTokens,
    Map<String, String> otherKeys) {
  private static final String BASE_MODEL = "base_model_name_or_path";

  public LoraConfig {
    DeltaOptions.requireRank(rank);
    requireAlpha("alpha", alpha);
    alphaPattern.values().forEach((key, value) -> requireAlpha("alpha_pattern: " + key, value));
    if (!(dropout >= 0 && dropout < 1)) {
      throw new UserError("dropout must be in [0, 1), found " + dropout);
    }
    if (loraBias && dora) {
      throw new UserError("lora_bias and use_dora exclude each other");
    }
    if (!layersToTransform.isEmpty()
        && !(targets instanceof Targets.Named)
        && !(targets instanceof Targets.OfArchitecture)) {
      throw new UserError("layers_to_transform requires target_modules to be a list of names");
    }
    if (!targetParameters.isEmpty() && (dropout > 0 || dora || loraBias)) {
      throw new UserError(
          "target_parameters can't be combined with dropout, use_dora or lora_bias");
    }
    rankPattern
        .values()
        .forEach(
            (key, value) -> {
              if (value != Math.rint(value) || value < 1) {
                throw new UserError("rank_pattern: " + key + " must be 1 or more, found " + value);
              }
            });
    layersToTransform = List.copyOf(layersToTransform);
    layersPattern = List.copyOf(layersPattern);
    modulesToSave = List.copyOf(modulesToSave);
    targetParameters = List.copyOf(targetParameters);
    trainableTokens = Collections.unmodifiableMap(new TreeMap<>(trainableTokens));
    otherKeys = Collections.unmodifiableMap(new TreeMap<>(otherKeys));
  }

  private static void requireAlpha(String name, double alpha) {
    if (!Double.isFinite(alpha)) {
      throw new UserError(name + " must be a finite number, found " + alpha);
    }
    if (Math.abs(alpha) > Float.MAX_VALUE) {
      throw new UserError(name + " must be at most 3.4e38, the largest float32, found " + alpha);
    }
  }

  /**
   * Returns a config with this rank, an alpha of the same value (a scaling of 1), and all linear
   * layers as targets.
   */
  public static LoraConfig rank(int rank) {
    return new LoraConfigBuilder(rank).build();
  }

  /**
   * Reads PEFT's {@code adapter_config.json}.
   *
   * @throws UserError if it can't be read or sets an unsupported option
   */
  public static LoraConfig read(Path file) {
    return ConfigReader.read(file);
  }

  private LoraConfig with(Consumer<LoraConfigBuilder> change) {
    LoraConfigBuilder builder = new LoraConfigBuilder(this);
    change.accept(builder);
    return builder.build();
  }

  public LoraConfig withRank(int rank) {
    return with(b -> b.rank = rank);
  }

  /** Changes the method; one without an alpha has a scaling of 1. */
  public LoraConfig method(LoraMethod method) {
    return with(
        b -> {
          b.method = method;
          b.alpha = method.configKeys().contains("lora_alpha") ? alpha : rank;
        });
  }

  public LoraConfig alpha(double alpha) {
    return with(b -> b.alpha = alpha);
  }

  public LoraConfig targets(Targets targets) {
    return with(b -> b.targets = targets);
  }

  public LoraConfig exclude(Targets exclude) {
    return with(b -> b.exclude = exclude);
  }

  public LoraConfig dropout(double dropout) {
    return with(b -> b.dropout = dropout);
  }

  public LoraConfig bias(BiasTraining bias) {
    return with(b -> b.bias = bias);
  }

  public LoraConfig loraBias(boolean loraBias) {
    return with(b -> b.loraBias = loraBias);
  }

  public LoraConfig rsLora(boolean rsLora) {
    return with(b -> b.rsLora = rsLora);
  }

  public LoraConfig dora(boolean dora) {
    return with(b -> b.dora = dora);
  }

  public LoraConfig initialization(Initialization initialization) {
    return with(b -> b.initialization = initialization);
  }

  public LoraConfig rankPattern(Map<String, Integer> pattern) {
    Map<String, Double> values = new LinkedHashMap<>();
    pattern.forEach((key, value) -> values.put(key, (double) value));
    return with(b -> b.rankPattern = new PathPatterns(values));
  }

  public LoraConfig alphaPattern(Map<String, Double> pattern) {
    return with(b -> b.alphaPattern = new PathPatterns(pattern));
  }

  public LoraConfig patterns(PathPatterns ranks, PathPatterns alphas) {
    return with(
        b -> {
          b.rankPattern = ranks;
          b.alphaPattern = alphas;
        });
  }

  /** Restricts the config to these of its target layers. */
  public LoraConfig only(List<String> paths) {
    return with(
        b -> {
          b.targets = Targets.exactly(paths);
          b.exclude = Targets.none();
          b.layersToTransform = List.of();
          b.layersPattern = List.of();
        });
  }

  /** Returns a copy with other names of saved modules, token embeddings and target parameters. */
  public LoraConfig renamed(UnaryOperator<String> naming) {
    Map<String, List<Long>> tokens = new LinkedHashMap<>();
    trainableTokens.forEach((name, rows) -> tokens.put(naming.apply(name), rows));
    return with(
        b -> {
          b.modulesToSave = modulesToSave.stream().map(naming).toList();
          b.targetParameters = targetParameters.stream().map(naming).toList();
          b.trainableTokens = tokens;
        });
  }

  public LoraConfig layersToTransform(List<Integer> layers) {
    return with(b -> b.layersToTransform = layers);
  }

  public LoraConfig layersPattern(List<String> names) {
    return with(b -> b.layersPattern = names);
  }

  public LoraConfig modulesToSave(String... names) {
    return with(b -> b.modulesToSave = List.of(names));
  }

  public LoraConfig targetParameters(String... names) {
    return with(b -> b.targetParameters = List.of(names));
  }

  /** Copy that names its base model in {@code base_model_name_or_path}. */
  public LoraConfig baseModel(String name) {
    Map<String, String> keys = new TreeMap<>(otherKeys);
    keys.put(BASE_MODEL, TextNode.valueOf(name).toString());
    return with(b -> b.otherKeys = keys);
  }

  /** Copy with PEFT's {@code task_type}, such as {@code SEQ_CLS}. */
  public LoraConfig taskType(String type) {
    Map<String, String> keys = new TreeMap<>(otherKeys);
    keys.put("task_type", TextNode.valueOf(type).toString());
    return with(b -> b.otherKeys = keys);
  }

  /** Copy that names no base model. */
  public LoraConfig anyBaseModel() {
    Map<String, String> keys = new TreeMap<>(otherKeys);
    keys.remove(BASE_MODEL);
    return with(b -> b.otherKeys = keys);
  }

  public LoraConfig trainableTokens(Map<String, List<Long>> tokens) {
    return with(b -> b.trainableTokens = tokens);
  }

  /**
   * Sets {@code ensure_weight_tying}: the adapter of one of several modules that share a weight,
   * such as an embedding and the output head, changes all of them.
   */
  public LoraConfig ensureWeightTying(boolean ensure) {
    Map<String, String> others = new TreeMap<>(otherKeys);
    others.put(TiedWeights.ENSURE, String.valueOf(ensure));
    return with(b -> b.otherKeys = others);
  }

  /** Returns the rank of the delta at a path. */
  public int rankAt(String path) {
    return rankPattern.lookUp(path).map(Double::intValue).orElse(rank);
  }

  public double alphaAt(String path) {
    return alphaPattern.lookUp(path).orElse(alpha);
  }

  /** Returns the scaling at a path: {@code alpha / rank}, with rsLoRA {@code alpha / √rank}. */
  public double scalingAt(String path) {
    return scaling(alphaAt(path), rankAt(path));
  }

  /** Returns whether the method is LoRA, whose delta is a product of its own A and B. */
  public boolean isLora() {
    return method.equals(LoraMethods.lora());
  }

  /** Returns the options that are set but that the method does not have, by PEFT's key. */
  List<String> unsupportedOptions() {
    Map<String, Boolean> set = new LinkedHashMap<>();
    set.put("lora_alpha", alpha != rank);
    set.put("exclude_modules", !exclude.equals(Targets.none()));
    set.put("bias", bias != BiasTraining.NONE);
    set.put("lora_bias", loraBias);
    set.put("use_rslora", rsLora);
    set.put("use_dora", dora);
    set.put("init_lora_weights", !(initialization instanceof Initialization.Standard));
    set.put("rank_pattern", !rankPattern.equals(PathPatterns.none()));
    set.put("alpha_pattern", !alphaPattern.equals(PathPatterns.none()));
    set.put("target_parameters", !targetParameters.isEmpty());
    set.put("trainable_token_indices", !trainableTokens.isEmpty());
    return set.keySet().stream()
        .filter(key -> Boolean.TRUE.equals(set.get(key)) && !method.configKeys().contains(key))
        .toList();
  }

  public DeltaOptions optionsAt(String path) {
    return new DeltaOptions(rankAt(path), scalingAt(path), dropout, loraBias, dora, initialization);
  }

  /** Returns the scaling of layers that no pattern matches. */
  public double scaling() {
    return scaling(alpha, rank);
  }

  private double scaling(double alpha, int rank) {
    return alpha / (rsLora ? Math.sqrt(rank) : rank);
  }
}
