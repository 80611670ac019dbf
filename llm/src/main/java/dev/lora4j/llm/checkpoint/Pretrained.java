package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.lora.layer.BaseModules;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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
   * Loads a model in single precision; see {@link #load(Path, DType)}.
   *
   * @param path a directory with {@code config.json} and weights, or a GGUF file
   */
  public static Pretrained load(Path path) {
    return load(path, DType.F32);
  }

  /**
   * Loads a model, frozen and in evaluation mode. Weights of a directory that have the wanted dtype
   * are memory-mapped; all others are converted, and those of a GGUF file are dequantised.
   *
   * @param path a directory with {@code config.json} and safetensors, in one file or in shards, or
   *     else {@code pytorch_model.bin} or its shards; or a GGUF file
   * @param dtype the dtype to compute with
   * @throws UserError if the architecture or a field of the config is not supported, or the weights
   *     do not fit the config; the message names every tensor that does not
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Pretrained load(Path path, DType dtype) {
    return load(ModelFiles.at(path), dtype);
  }

  /** Loads a model from its files; see {@link #load(Path, DType)}. */
  public static Pretrained load(ModelFiles files, DType dtype) {
    Optional<GgufModel> gguf = files.openGguf();
    if (gguf.isPresent()) {
      try (GgufModel weights = gguf.get()) {
        return fill(files, JsonDocument.of(files.path(), weights.config()), weights, dtype);
      }
    }
    JsonDocument config = JsonDocument.read(files.path().resolve(ModelConfig.FILE));
    ModelFamily.of(config);
    try (Checkpoint weights = Checkpoint.open(files.path())) {
      return fill(files, config, weights, dtype);
    }
  }

  private static Pretrained fill(
      ModelFiles files, JsonDocument config, TensorFile weights, DType dtype) {
    WeightLoader loader = WeightLoader.of(weights, config);
    LanguageModel model = loader.model();
    try {
      loader.load(dtype);
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
    LanguageModel twin = Init.withoutValues(() -> ModelFamily.of(config).create(config));
    Map<String, Parameter> weights = BaseModules.parameters(model);
    try (PointerScope scope = new PointerScope()) {
      twin.namedParameters()
          .forEach(
              (path, parameter) ->
                  parameter.replaceValue(
                      Objects.requireNonNull(weights.get(path), path).value().detach()));
    }
    twin.freeze();
    twin.train(false);
    return new Pretrained(files, config, twin);
  }

  /** Saves the model with all weights in one file; see {@link #save(Path, SaveOptions)}. */
  public void save(Path target) {
    save(target, SaveOptions.oneFile());
  }

  /**
   * Saves {@code config.json} with all its fields, the current weights, and the tokenizer files of
   * the model. A tied head is saved once, as the embedding.
   *
   * @throws UserError while the model is adapted, if the directory holds other weights, or the disk
   *     refuses
   */
  public void save(Path target, SaveOptions options) {
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
