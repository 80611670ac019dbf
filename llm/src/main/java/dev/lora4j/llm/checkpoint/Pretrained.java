package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A pretrained language model, loaded from a directory in Hugging Face's layout or from a GGUF
 * file: {@code Pretrained.load(Path.of("SmolLM2-135M"))}. It can be saved to a directory.
 */
public final class Pretrained implements AutoCloseable {
  private static final String END_TOKENS = "eos_token_id";

  private final ModelFiles files;
  private final JsonDocument config;
  private final LanguageModel model;
  private final Set<String> names;

  private Pretrained(ModelFiles files, JsonDocument config, LanguageModel model) {
    this.files = files;
    this.config = config;
    this.model = model;
    names = Set.copyOf(model.namedParameters().keySet());
  }

  /**
   * Loads a model as its files store it: quantised weights stay quantised, all others are in single
   * precision; see {@link #load(Path, WeightStorage)}.
   *
   * @param path a directory with {@code config.json} and weights, or a GGUF file
   */
  public static Pretrained load(Path path) {
    return load(path, WeightStorage.asStored());
  }

  /** Loads a model with dense weights of a dtype; quantised ones are dequantised. */
  public static Pretrained load(Path path, DType dtype) {
    return load(path, WeightStorage.dense(dtype));
  }

  /**
   * Loads a model, frozen and in evaluation mode. Weights that are kept as the files have them are
   * memory-mapped; all others are converted.
   *
   * @param path a directory with {@code config.json} and safetensors, in one file or in shards, or
   *     else {@code pytorch_model.bin} or its shards, perhaps quantised by bitsandbytes; or a GGUF
   *     file
   * @param storage how the matrices are kept in memory
   * @throws UserError if the architecture or a field of the config is not supported, or the weights
   *     do not fit the config; the message names every tensor that does not
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Pretrained load(Path path, WeightStorage storage) {
    return load(ModelFiles.at(path), storage);
  }

  /** Loads a model from its files; see {@link #load(Path, DType)}. */
  public static Pretrained load(ModelFiles files, DType dtype) {
    return load(files, WeightStorage.dense(dtype));
  }

  /** Loads a model from its files; see {@link #load(Path, WeightStorage)}. */
  public static Pretrained load(ModelFiles files, WeightStorage storage) {
    Optional<GgufModel> gguf = files.openGguf();
    if (gguf.isPresent()) {
      try (GgufModel weights = gguf.get()) {
        return fill(files, JsonDocument.of(files.path(), weights.config()), weights, storage);
      }
    }
    JsonDocument config = JsonDocument.read(files.path().resolve(ModelConfig.FILE));
    ModelFamily.of(config);
    try (WeightFile weights = Checkpoint.weights(files.path(), config)) {
      return fill(files, config, weights, storage);
    }
  }

  private static Pretrained fill(
      ModelFiles files, JsonDocument config, WeightFile weights, WeightStorage storage) {
    WeightLoader loader = WeightLoader.of(weights, config);
    LanguageModel model = loader.model();
    try {
      loader.load(storage);
      model.freeze();
      model.train(false);
      return new Pretrained(files, config, model);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /** Returns the model, which is closed with this object. */
  public LanguageModel model() {
    return model;
  }

  /** Returns the fields of {@code config.json}, including those that nothing here reads. */
  public JsonDocument config() {
    return config;
  }

  /** Returns the {@code eos_token_id}s of {@code generation_config.json}, else of the config. */
  public List<Long> endTokens() {
    List<Long> ofGeneration = files.json("generation_config.json").integers(END_TOKENS);
    return ofGeneration.isEmpty() ? config.integers(END_TOKENS) : ofGeneration;
  }

  /**
   * Returns a replica: another module tree over the same weight tensors. Adapters and training mode
   * of one do not affect the other, so one can train while the other generates. Each is closed on
   * its own.
   */
  public Pretrained replica() {
    JsonDocument plain = BitsAndBytesConfig.removedFrom(config);
    LanguageModel twin = Init.withoutValues(() -> ModelFamily.of(plain).create(plain));
    try (PointerScope scope = new PointerScope()) {
      Set<Parameter> shared = shareStores(twin);
      Map<String, Parameter> weights = BaseModules.parameters(model);
      twin.namedParameters()
          .forEach(
              (path, parameter) -> {
                if (!shared.contains(parameter)) {
                  parameter.replaceValue(
                      Objects.requireNonNull(weights.get(path), path).value().detach());
                }
              });
    }
    twin.freeze();
    twin.train(false);
    return new Pretrained(files, config, twin);
  }

  /**
   * Puts layers over the quantised weights into a replica; a tied one stays tied.
   *
   * @return the parameters that hold them
   */
  private Set<Parameter> shareStores(LanguageModel twin) {
    Map<Parameter, Parameter> handles = new HashMap<>();
    BaseModules.original(model)
        .forEach(
            (path, module) -> {
              if (module instanceof WeightedLayer layer
                  && !(layer.store() instanceof DenseWeights)) {
                WeightStore shared =
                    layer
                        .store()
                        .over(
                            own ->
                                handles.computeIfAbsent(
                                    own.first(), p -> Parameter.frozen(p.value().detach())));
                twin.replace(path, ((WeightedLayer) twin.find(path)).withStore(shared));
              }
            });
    return Set.copyOf(handles.values());
  }

  /**
   * Returns how the matrices are kept, such as {@code Q4_0} or {@code nf4}, by the number of their
   * elements, largest first.
   */
  public List<String> storage() {
    Map<String, Long> elements = new TreeMap<>();
    Set<WeightStore> seen = new HashSet<>();
    BaseModules.original(model)
        .values()
        .forEach(
            module -> {
              if (module instanceof WeightedLayer layer && seen.add(layer.store())) {
                elements.merge(
                    layer.store().describe(),
                    Arrays.stream(layer.store().shape()).reduce(1, (a, b) -> a * b),
                    Long::sum);
              }
            });
    return elements.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Saves the model with all weights in one file; see {@link #save(Path, SaveOptions)}. */
  public void save(Path target) {
    save(target, SaveOptions.oneFile());
  }

  /**
   * Saves {@code config.json} with all its fields, the current weights, and the tokenizer files of
   * the model. A tied head is saved once, as the embedding.
   *
   * @throws UserError if the weights are quantised, while the model is adapted, if the directory
   *     holds other weights, or the disk refuses
   */
  public void save(Path target, SaveOptions options) {
    refuseQuantized();
    refusePart();
    Map<String, Tensor> state = model.stateDict();
    if (!state.keySet().equals(names)) {
      throw new UserError(
          "the model is adapted: merge() and unload() it first, or save the adapter on its own");
    }
    DType dtype =
        options
            .format()
            .orElseGet(
                () -> DType.of(state.values().iterator().next().scalar_type()).orElseThrow());
    CheckpointWriter writer =
        new CheckpointWriter(
            target, sources(state, dtype), options.maxShardBytes(), Map.of("format", "pt"));
    writer.refuseOtherWeights();
    if (!files.path().toAbsolutePath().equals(target.toAbsolutePath())) {
      files.copyTokenizerTo(target);
    }
    writer.writeWeights();
    writer.writeConfig(CheckpointWriter.withDType(config.json(), dtype));
  }

  private void refusePart() {
    if (ModelFamily.of(config).isPartOfCheckpoint()) {
      throw new UserError(
          "%s has other parts than the text model, which would be lost: merge an adapter into it with 'lora merge', which keeps them"
              .formatted(files.path()));
    }
  }

  private void refuseQuantized() {
    BaseModules.original(model)
        .forEach(
            (path, module) -> {
              if (module instanceof WeightedLayer layer
                  && !(layer.store() instanceof DenseWeights)) {
                throw new UserError(
                    "%s is kept in %s: load the model with WeightStorage.dense(dtype) to save it, or convert its files with lora convert"
                        .formatted(path, layer.store().describe()));
              }
            });
  }

  private static Map<String, TensorSource> sources(Map<String, Tensor> state, DType dtype) {
    Map<String, TensorSource> sources = new LinkedHashMap<>();
    state.forEach(
        (name, tensor) -> {
          List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
          sources.put(
              name, new TensorSource(dtype, shape, () -> tensor.detach().to(dtype.torch())));
        });
    return sources;
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }
}
