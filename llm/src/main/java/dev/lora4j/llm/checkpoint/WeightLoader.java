package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Loads the tensors of a checkpoint into the parameters of a model. Loading is strict: each
 * parameter needs its tensor and each tensor its parameter, and one error names all mismatches.
 */
public record WeightLoader(WeightFile weights, ModelFamily family, LanguageModel model) {
  private static final String HEAD = WeightsOnly.HEAD_WEIGHT;

  /**
   * Builds the model of a config, without values, to load these weights into; the caller closes it.
   *
   * @throws UserError naming the sizes in the config that the weights' shapes contradict; nothing
   *     is allocated for them
   */
  public static WeightLoader of(WeightFile file, JsonDocument config) {
    ModelFamily family = ModelFamily.of(config);
    WeightFile weights =
        family.stacksExperts() ? JoinedExperts.over(StackedExperts.over(file)) : file;
    JsonDocument plain = BitsAndBytesConfig.removedFrom(config);
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    storedNames(weights, family).forEach((name, inFile) -> shapes.put(name, weights.shape(inFile)));
    WeightFit.requireNone(weights, family.sizeProblems(plain, shapes));
    return new WeightLoader(weights, family, Init.withoutValues(() -> family.create(plain)));
  }

  /** Loads all parameters, in parallel except matrices that are quantised on the way. */
  void load(WeightStorage storage) {
    Map<String, String> stored = storedNames();
    check();
    Set<String> kept = new MatrixLoader(weights, stored, model, storage).replaceLayers();
    DType dtype = storage instanceof WeightStorage.Dense dense ? dense.dtype() : DType.F32;
    Map<String, Parameter> parameters = model.namedParameters();
    parameters.keySet().retainAll(stored.keySet());
    parameters.keySet().removeAll(kept);
    ParallelLoop.forEach(
        parameters.entrySet(),
        entry ->
            load(stored.getOrDefault(entry.getKey(), entry.getKey()), entry.getValue(), dtype));
    checkTiedHead(stored);
  }

  private void load(String name, Parameter parameter, DType dtype) {
    try (PointerScope scope = new PointerScope()) {
      parameter.replaceValue(weights.read(name, dtype));
    }
  }

  /**
   * Compares names, shapes and dtypes without reading a tensor.
   *
   * @throws UserError naming all mismatches
   */
  public void check() {
    WeightFit fit = new WeightFit(weights, storedNames(), model.namedParameters());
    WeightFit.requireNone(
        weights, fit.problems(name -> false, name -> name.equals(HEAD) && model.hasTiedHead()));
  }

  /** Returns the model's name of each tensor → its name in the files. */
  public Map<String, String> storedNames() {
    return storedNames(weights, family);
  }

  private static Map<String, String> storedNames(WeightFile weights, ModelFamily family) {
    Map<String, String> stored = new LinkedHashMap<>();
    String prefix = family.prefix();
    boolean withoutPrefix =
        weights.names().stream().map(family::modelName).noneMatch(name -> name.startsWith(prefix));
    for (String inFile : weights.names()) {
      if (!family.ignoredTensors().matcher(inFile).matches()) {
        String name = family.modelName(inFile);
        stored.put(withoutPrefix && !name.equals(HEAD) ? prefix + name : name, inFile);
      }
    }
    return stored;
  }

  /** Checks that a tied head, if it is stored too, equals the embedding. */
  private void checkTiedHead(Map<String, String> stored) {
    if (!model.hasTiedHead() || !stored.containsKey(HEAD)) {
      return;
    }
    String embedding = model.namedParameters().keySet().iterator().next();
    try (PointerScope scope = new PointerScope()) {
      Tensor head = weights.read(HEAD, DType.F32);
      Tensor tied = weights.read(stored.getOrDefault(embedding, embedding), DType.F32);
      if (!tied.equal(head)) {
        throw new UserError(
            "%s: tie_word_embeddings is true, but %s differs from the embedding; set it to false in config.json to use both"
                .formatted(weights.path(), HEAD));
      }
    }
  }
}
