package dev.lora4j.models.checkpoint;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorInfo;
import dev.lora4j.models.LanguageModel;
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

  private final Path directory;
  private final Weights weights;
  private final Architecture architecture;
  private final LanguageModel model;

  WeightLoader(Path directory, Weights weights, Architecture architecture, LanguageModel model) {
    this.directory = directory;
    this.weights = weights;
    this.architecture = architecture;
    this.model = model;
  }

  /** Loads all, to compute with numbers of this format. */
  void load(DType format) {
    Map<String, String> stored = storedNames();
    Map<String, Parameter> parameters = model.namedParameters();
    refuse(problems(stored, parameters));
    parameters.forEach(
        (name, parameter) -> {
          try (PointerScope scope = new PointerScope()) {
            parameter.replaceValue(read(stored.getOrDefault(name, name), format));
          }
        });
    checkTiedHead(stored, parameters);
  }

  /** The model's names of the tensors → their names in the files. */
  private Map<String, String> storedNames() {
    Map<String, String> stored = new LinkedHashMap<>();
    String prefix = architecture.prefix();
    boolean bare = weights.names().stream().noneMatch(name -> name.startsWith(prefix));
    for (String name : weights.names()) {
      if (!architecture.isDerived(name)) {
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
          TensorInfo info = weights.info(stored.getOrDefault(name, name));
          if (!Arrays.equals(info.sizes(), parameter.shape())) {
            problems.add(name + ": expected " + shape + ", found " + info.shape());
          } else if (!FLOATS.contains(info.dtype())) {
            problems.add(name + ": expected one of " + FLOATS + ", found " + info.dtype());
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
          directory + ": the weights do not fit config.json:\n  " + String.join("\n  ", problems));
    }
  }

  /** The file's own memory where it holds the wanted format, else a copy. */
  private Tensor read(String inFile, DType format) {
    if (weights.info(inFile).dtype() == format) {
      return weights.file(inFile).map(inFile).orElseGet(() -> weights.file(inFile).read(inFile));
    }
    return weights.file(inFile).read(inFile).to(format.torch());
  }

  /** A head that is stored though it is tied must say what the embedding says. */
  private void checkTiedHead(Map<String, String> stored, Map<String, Parameter> parameters) {
    if (!model.hasTiedHead() || !stored.containsKey(HEAD)) {
      return;
    }
    Parameter embedding = parameters.values().iterator().next();
    try (PointerScope scope = new PointerScope()) {
      Tensor head = read(HEAD, DType.of(embedding.value().scalar_type()).orElseThrow());
      if (!embedding.value().equal(head)) {
        throw new UserError(
            directory
                + ": tie_word_embeddings is true, but "
                + HEAD
                + " is not the embedding; set it to false in config.json to use both");
      }
    }
  }
}
