package dev.lora4j.llm.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.Quantization.Role;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.TransposedWeights;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.quant.HalfWeights;
import dev.lora4j.nn.runtime.ParallelLoop;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Replaces the layers of a model by layers over the matrices as they are to be kept. Dense ones
 * stay as they are, without values.
 */
final class MatrixLoader {
  private static final String WEIGHT = ".weight";

  private final WeightFile weights;
  private final Map<String, String> stored;
  private final LanguageModel model;
  private final WeightStorage storage;

  /**
   * @param stored the model's name of each tensor → its name in the files
   */
  MatrixLoader(
      WeightFile weights, Map<String, String> stored, LanguageModel model, WeightStorage storage) {
    this.weights = weights;
    this.stored = stored;
    this.model = model;
    this.storage = storage;
    if (storage instanceof WeightStorage.Quantized wanted) {
      weights.quantization().ifPresent(format -> refuse(wanted.to(), format));
      refuseExperts(wanted.to());
    }
  }

  private void refuse(Quantization wanted, String format) {
    throw new UserError(
        "%s is quantised already, as %s: leave out the quantisation to %s, or give the model in float32 or half precision"
            .formatted(weights.path(), format, wanted.describe()));
  }

  private void refuseExperts(Quantization wanted) {
    model.namedParameters().entrySet().stream()
        .filter(parameter -> parameter.getValue().shape().length == 3)
        .findFirst()
        .ifPresent(
            experts -> {
              throw new UserError(
                  "%s: %s has the weights of several experts, which can't be quantised to %s"
                      .formatted(weights.path(), experts.getKey(), wanted.describe()));
            });
  }

  /** Replaces the layers and returns the names of their weights, which need no other values. */
  Set<String> replaceLayers() {
    Map<String, Module> layers = new LinkedHashMap<>();
    model
        .namedModules()
        .forEach(
            (path, module) -> {
              if (module instanceof WeightedLayer && stored.containsKey(path + WEIGHT)) {
                layers.put(path, module);
              }
            });
    Map<String, WeightStore> stores = stores(layers);
    stores.forEach((path, store) -> replace(path, requireNonNull(layers.get(path)), store));
    return stores.keySet().stream().map(path -> path + WEIGHT).collect(Collectors.toSet());
  }

  /** Quantises one matrix after the other, so that at most one of them is also in float32. */
  private Map<String, WeightStore> stores(Map<String, Module> layers) {
    Map<String, WeightStore> stores = new ConcurrentHashMap<>();
    if (storage instanceof WeightStorage.Quantized) {
      layers.forEach((path, layer) -> put(path, layer, stores));
    } else if (!(storage instanceof WeightStorage.Dense)) {
      ParallelLoop.forEach(layers.entrySet(), e -> put(e.getKey(), e.getValue(), stores));
    }
    return Collections.unmodifiableMap(stores);
  }

  private void put(String path, Module layer, Map<String, WeightStore> stores) {
    try (PointerScope scope = new PointerScope()) {
      store(path, layer)
          .ifPresent(
              store ->
                  stores.put(
                      path,
                      layer instanceof TransposedLinear ? new TransposedWeights(store) : store));
    }
  }

  private Optional<WeightStore> store(String path, Module layer) {
    String name = stored.getOrDefault(path + WEIGHT, path + WEIGHT);
    boolean transposed = layer instanceof TransposedLinear;
    Role role = role(path, layer);
    if (storage instanceof WeightStorage.Quantized wanted && wanted.to().appliesTo(role)) {
      Tensor dense = weights.read(name).to(DType.F32.torch());
      return Optional.of(
          wanted.to().quantize(name, role, transposed ? dense.t().contiguous() : dense));
    }
    return weights.store(name, transposed).filter(this::isKept);
  }

  /** Returns whether a matrix is kept as stored; halves are, if the others are quantised. */
  private boolean isKept(WeightStore store) {
    return !(store instanceof HalfWeights)
        || weights.quantization().isPresent()
        || !(storage instanceof WeightStorage.AsStored stored)
        || stored.half();
  }

  private Role role(String path, Module layer) {
    if (layer instanceof Embedding embedding) {
      boolean ofTokens = embedding.store().shape()[0] == model.vocabularySize();
      return ofTokens ? Role.TOKEN_EMBEDDING : Role.OTHER;
    }
    return model.headPath().filter(path::equals).isPresent() ? Role.HEAD : Role.LAYER;
  }

  private void replace(String path, Module layer, WeightStore store) {
    model.replace(path, ((WeightedLayer) layer).withStore(store));
    if (layer instanceof Embedding
        && role(path, layer) == Role.TOKEN_EMBEDDING
        && model.hasTiedHead()) {
      String head = model.headPath().orElseThrow();
      model.replace(head, ((WeightedLayer) model.find(head)).withStore(store));
    }
  }
}
