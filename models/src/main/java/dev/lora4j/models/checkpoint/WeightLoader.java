package dev.lora4j.models.checkpoint;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.ModelFamily;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Puts a checkpoint's tensors in the places of a model's parameters. Strict: every parameter must
 * find its tensor and every tensor its parameter; all that do not are told at once.
 */
final class WeightLoader {
  private static final String HEAD = "lm_head.weight";
  private static final Set<DType> FLOATS = Set.of(DType.F32, DType.F16, DType.BF16, DType.F64);

  private final Path origin;
  private final StoredTensors weights;
  private final ModelFamily family;
  private final LanguageModel model;

  WeightLoader(Path origin, StoredTensors weights, ModelFamily family, LanguageModel model) {
    this.origin = origin;
    this.weights = weights;
    this.family = family;
    this.model = model;
  }

  /** Loads all, on all cores, to compute with numbers of this format. */
  void load(DType format) {
    Map<String, String> stored = storedNames();
    Map<String, Parameter> parameters = model.namedParameters();
    check();
    parameters.entrySet().parallelStream()
        .forEach(
            entry -> {
              String name = stored.getOrDefault(entry.getKey(), entry.getKey());
              load(name, entry.getValue(), format);
            });
    checkTiedHead(stored, parameters);
  }

  private void load(String name, Parameter parameter, DType format) {
    Engine.useOneThread();
    try (PointerScope scope = new PointerScope()) {
      parameter.replaceValue(weights.read(name, format));
    }
  }

  /**
   * Compares names, shapes and formats, and reads no tensor.
   *
   * @throws UserError naming all that do not fit
   */
  void check() {
    refuse(problems(storedNames(), model.namedParameters()));
  }

  /** The model's names of the tensors → their names in the files. */
  Map<String, String> storedNames() {
    Map<String, String> stored = new LinkedHashMap<>();
    String prefix = family.prefix();
    boolean bare = weights.names().stream().noneMatch(name -> name.startsWith(prefix));
    for (String name : weights.names()) {
      if (!family.ignoredTensors().matcher(name).matches()) {
        stored.put(bare && !name.equals(HEAD) ? prefix + name : name, name);
      }
    }
    return stored;
  }

  private List<String> problems(Map<String, String> stored, Map<String, Parameter> parameters) {
    List<String> problems = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          String shape = Arrays.toString(parameter.shape());
          if (!stored.containsKey(name)) {
            problems.add("missing " + name + " " + shape);
            return;
          }
          String inFile = stored.getOrDefault(name, name);
          String found = weights.shape(inFile).toString();
          DType dtype = weights.dtype(inFile);
          if (!found.equals(shape)) {
            problems.add(name + ": expected " + shape + ", found " + found);
          } else if (!FLOATS.contains(dtype)) {
            problems.add(name + ": expected one of " + FLOATS + ", found " + dtype);
          }
        });
    stored.forEach(
        (name, inFile) -> {
          if (!parameters.containsKey(name) && !(name.equals(HEAD) && model.hasTiedHead())) {
            problems.add("unexpected " + inFile + NearMiss.hint(name, near(name, parameters)));
          }
        });
    return problems;
  }

  /** Names worth proposing; a list of all would hide the problem. */
  private static List<String> near(String name, Map<String, Parameter> parameters) {
    return NearMiss.nearest(name, parameters.keySet());
  }

  private void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s: the weights do not fit %s:\n  %s"
              .formatted(origin, weights.description(), String.join("\n  ", problems)));
    }
  }

  /** A head that is stored though it is tied must say what the embedding says. */
  private void checkTiedHead(Map<String, String> stored, Map<String, Parameter> parameters) {
    if (!model.hasTiedHead() || !stored.containsKey(HEAD)) {
      return;
    }
    Parameter embedding = parameters.values().iterator().next();
    try (PointerScope scope = new PointerScope()) {
      Tensor head = weights.read(HEAD, DType.of(embedding.value().scalar_type()).orElseThrow());
      if (!embedding.value().equal(head)) {
        throw new UserError(
            origin
                + ": tie_word_embeddings is true, but "
                + HEAD
                + " is not the embedding; set it to false in config.json to use both");
      }
    }
  }
}
