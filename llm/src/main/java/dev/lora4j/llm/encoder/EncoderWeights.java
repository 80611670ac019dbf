package dev.lora4j.llm.encoder;

import static java.util.Objects.requireNonNull;

import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.WeightFit;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of an encoder's checkpoint under the model's names. Loading is strict within the
 * encoder; tensors of other heads are ignored, and modules of the wanted head may be missing.
 */
final class EncoderWeights {
  private static final String POOLER = "pooler.";
  private static final List<String> CLASSIFIERS =
      List.of("classifier.weight", "classifier.out_proj.weight");

  private final WeightFile weights;
  private final EncoderFamily family;
  private final String prefix;
  private final boolean withHead;
  private final Map<String, String> stored = new LinkedHashMap<>();

  /**
   * @param withHead whether the model is an encoder below a head
   */
  EncoderWeights(WeightFile weights, EncoderFamily family, boolean withHead) {
    this.weights = weights;
    this.family = family;
    this.withHead = withHead;
    prefix = family.prefix() + ".";
    boolean prefixed = weights.names().stream().anyMatch(name -> name.startsWith(prefix));
    for (String inFile : weights.names()) {
      String name = older(inFile);
      if (!family.ignoredTensors().matcher(inFile).matches()) {
        boolean ofEncoder = !prefixed || name.startsWith(prefix);
        String bare = prefixed && ofEncoder ? name.substring(prefix.length()) : name;
        if (withHead) {
          stored.put(ofEncoder ? prefix + bare : bare, inFile);
        } else if (ofEncoder) {
          stored.put(bare, inFile);
        }
      }
    }
  }

  /** Translates the names that norms have in checkpoints converted from TensorFlow. */
  private static String older(String name) {
    return name.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight")
        .replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
  }

  /** Refuses a config whose sizes the weights' shapes contradict; nothing is allocated for them. */
  void checkSizes(JsonDocument config) {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    stored.forEach((name, inFile) -> shapes.put(bare(name), weights.shape(inFile)));
    WeightFit.requireNone(weights, family.sizes().problems(config, shapes));
  }

  private String bare(String name) {
    return withHead && name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }

  boolean hasPooler() {
    return stored.keySet().stream().anyMatch(name -> bare(name).startsWith(POOLER));
  }

  /** Returns the number of labels of the stored classifier, else of the config. */
  int labels(JsonDocument config) {
    return CLASSIFIERS.stream()
        .filter(stored::containsKey)
        .findFirst()
        .map(name -> Math.toIntExact(weights.shape(requireNonNull(stored.get(name))).get(0)))
        .orElseGet(() -> labelsOf(config));
  }

  private static int labelsOf(JsonDocument config) {
    int named = config.node("id2label").size();
    return named > 0 ? named : config.size("num_labels", 2);
  }

  /**
   * Loads all tensors and initialises the modules of the head that have none.
   *
   * @return the paths of the new modules
   */
  List<String> loadInto(Module root, JsonDocument config) {
    Map<String, Parameter> parameters = root.namedParameters();
    List<String> newModules = newModules(root, parameters);
    stored.keySet().removeIf(name -> isIn(newModules, name) || isOfOtherHead(name, parameters));
    WeightFit fit = new WeightFit(weights, stored, parameters);
    WeightFit.requireNone(weights, fit.problems(name -> isIn(newModules, name), name -> false));
    ParallelLoop.forEach(
        stored.entrySet(),
        tensor -> read(tensor.getValue(), requireNonNull(parameters.get(tensor.getKey()))));
    double range = config.positive("initializer_range", 0.02);
    parameters.forEach(
        (name, parameter) -> {
          if (isIn(newModules, name)) {
            initialize(name, parameter, range);
          }
        });
    return newModules;
  }

  private List<String> newModules(Module root, Map<String, Parameter> parameters) {
    if (!(root instanceof EncoderWithHead model)) {
      return List.of();
    }
    List<String> missing = new ArrayList<>();
    for (String path : model.headModules()) {
      boolean complete =
          parameters.entrySet().stream()
              .filter(entry -> isIn(List.of(path), entry.getKey()))
              .allMatch(entry -> isStored(entry.getKey(), entry.getValue()));
      if (!complete) {
        missing.add(path);
      }
    }
    return missing;
  }

  private boolean isStored(String name, Parameter parameter) {
    String inFile = stored.get(name);
    return inFile != null
        && weights.shape(inFile).equals(Arrays.stream(parameter.shape()).boxed().toList());
  }

  /** Returns whether a tensor belongs to a pooler or head that the model does without. */
  private boolean isOfOtherHead(String name, Map<String, Parameter> parameters) {
    boolean outside = withHead && !name.startsWith(prefix);
    return !parameters.containsKey(name) && (outside || bare(name).startsWith(POOLER));
  }

  private static boolean isIn(List<String> paths, String name) {
    return paths.stream().anyMatch(path -> name.startsWith(path + "."));
  }

  private void read(String inFile, Parameter parameter) {
    try (PointerScope scope = new PointerScope()) {
      parameter.replaceValue(weights.read(inFile, DType.F32));
    }
  }

  private static void initialize(String name, Parameter parameter, double range) {
    try (PointerScope scope = new PointerScope()) {
      parameter.replaceValue(initial(name, range, parameter.shape()));
    }
  }

  private static Tensor initial(String name, double range, long... shape) {
    if (shape.length > 1) {
      return Init.normal(0, range, shape);
    }
    return name.endsWith("bias") ? Ops.zeros(shape) : Ops.ones(shape);
  }
}
