package dev.lora4j.llm.plan;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.plan.PlannedTensor.Role;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A language model known from its {@code config.json} or the header of its GGUF file alone: all
 * modules and shapes, no weights.
 */
public final class ModelOutline implements AutoCloseable {
  private final LanguageModel network;
  private final List<PlannedTensor> tensors;
  private final int plainBytes;
  private Optional<BaseWeights> stored = Optional.empty();

  private ModelOutline(LanguageModel network, boolean half) {
    this.network = network;
    tensors = tensors(network);
    plainBytes = half ? Short.BYTES : Float.BYTES;
  }

  /** Returns the outline of a network, which this object closes; its checkpoint is in float32. */
  public static ModelOutline of(LanguageModel network) {
    return new ModelOutline(network, false);
  }

  /**
   * Reads a config.
   *
   * @param path a {@code config.json}, a directory with one, or a GGUF file
   * @throws UserError if there is none, or the architecture is not supported
   */
  public static ModelOutline of(Path path) {
    if (GgufModel.isAt(path)) {
      return ofGguf(path);
    }
    Path file = Files.isDirectory(path) ? path.resolve(ModelConfig.FILE) : path;
    JsonDocument config = JsonDocument.read(file);
    Optional<BitsAndBytesConfig> quantized = BitsAndBytesConfig.in(config);
    ModelOutline outline = of(BitsAndBytesConfig.removedFrom(config));
    outline.stored = quantized.map(ModelOutline::store).map(outline::weights);
    return outline;
  }

  private static ModelOutline ofGguf(Path path) {
    try (GgufModel file = GgufModel.open(path)) {
      long bytes = file.names().stream().mapToLong(file::bytes).sum();
      ModelOutline outline = of(JsonDocument.of(path, file.config()));
      outline.stored = Optional.of(new BaseWeights("as in the file", bytes, false));
      return outline;
    }
  }

  private static ModelOutline of(JsonDocument config) {
    ModelFamily family = ModelFamily.of(config);
    String dtype = config.text("torch_dtype", config.text("dtype", "float32"));
    boolean half = dtype.equals("bfloat16") || dtype.equals("float16");
    return new ModelOutline(Init.withoutValues(() -> family.create(config)), half);
  }

  private static BaseStore store(BitsAndBytesConfig config) {
    return switch (config.type()) {
      case INT8 -> BaseStore.INT8;
      default -> config.doubleQuant() ? BaseStore.NF4_DOUBLE : BaseStore.NF4;
    };
  }

  private static List<PlannedTensor> tensors(LanguageModel network) {
    Map<Parameter, PlannedTensor> tensors = new LinkedHashMap<>();
    network
        .namedParameters()
        .forEach((name, parameter) -> tensors.put(parameter, vector(name, parameter)));
    Map<String, Module> modules = network.namedModules();
    network
        .namedParameters()
        .forEach(
            (name, parameter) -> {
              int dot = name.lastIndexOf('.');
              Module module = modules.get(name.substring(0, Math.max(0, dot)));
              if (name.endsWith(".weight") && parameter.shape().length == 2 && module != null) {
                tensors.put(parameter, matrix(network, name, module, parameter.shape()));
              }
            });
    return List.copyOf(tensors.values());
  }

  private static PlannedTensor vector(String name, Parameter parameter) {
    return new PlannedTensor(name, Role.OTHER, 1, parameter.numel());
  }

  private static PlannedTensor matrix(
      LanguageModel network, String name, Module module, long[] shape) {
    boolean transposed = module instanceof TransposedLinear;
    return new PlannedTensor(
        name,
        role(network, name, module, shape),
        shape[transposed ? 1 : 0],
        shape[transposed ? 0 : 1]);
  }

  private static Role role(LanguageModel network, String name, Module module, long[] shape) {
    if (module instanceof Embedding) {
      boolean ofTokens = shape[0] == network.vocabularySize();
      Role ofEmbedding = network.hasTiedHead() ? Role.TIED_EMBEDDING : Role.TOKEN_EMBEDDING;
      return ofTokens ? ofEmbedding : Role.OTHER;
    }
    boolean isHead = network.headPath().filter(path -> name.startsWith(path + ".")).isPresent();
    return isHead ? Role.HEAD : Role.LAYER;
  }

  /** Returns the network, whose parameters have shapes but no values. */
  public LanguageModel network() {
    return network;
  }

  /** Returns the number of parameters; a tied head counts once. */
  public long parameters() {
    return tensors.stream().mapToLong(PlannedTensor::elements).sum();
  }

  /**
   * Returns the layers that an adapter would train.
   *
   * @throws UserError if a target matches nothing
   */
  public PlanListing listing(LoraConfig config) {
    return PlanListing.of(Lora.plan(network, config), config);
  }

  /**
   * Returns the memory of the weights in a store.
   *
   * @throws UserError if the rows of a matrix are no whole blocks of it
   */
  public BaseWeights base(BaseStore store) {
    store
        .misfit(tensors)
        .ifPresent(
            problem -> {
              throw new UserError(store.word() + ": " + problem);
            });
    return weights(store);
  }

  /** Returns the memory of the weights when they are loaded this way. */
  public BaseWeights base(WeightStorage storage) {
    if (storage instanceof WeightStorage.Quantized quantized) {
      return base(BaseStore.of(quantized.to()));
    }
    if (storage instanceof WeightStorage.AsStored kept) {
      BaseStore otherwise = kept.half() && isHalf() ? BaseStore.BF16 : BaseStore.FLOAT32;
      return stored.orElseGet(() -> weights(otherwise));
    }
    return weights(BaseStore.FLOAT32);
  }

  /** Returns the stores that can hold the weights. */
  public List<BaseStore> stores() {
    return Arrays.stream(BaseStore.values())
        .filter(store -> store.misfit(tensors).isEmpty())
        .toList();
  }

  /** Returns whether the checkpoint has two bytes a weight. */
  public boolean isHalf() {
    return plainBytes == Short.BYTES;
  }

  private BaseWeights weights(BaseStore store) {
    int layers = network.config().layers();
    return new BaseWeights(
        store.word(),
        tensors.stream().mapToLong(tensor -> store.bytes(tensor, layers, plainBytes)).sum(),
        store.isDense());
  }

  /** Returns the memory of the weights as a GGUF file or a quantised checkpoint has them. */
  public Optional<BaseWeights> stored() {
    return stored;
  }

  public TrainingMemory training(TrainingSetup setup) {
    return TrainingMemory.of(network.config(), listing(setup.adapter()), setup);
  }

  /** Returns the memory to generate one text of this number of tokens with an adapter. */
  public InferenceMemory generation(TrainingSetup setup, long tokens) {
    return InferenceMemory.ofText(
        network.config(), setup.base(), listing(setup.adapter()).bytes(), tokens);
  }

  /** Returns the memory to serve an adapter with a KV cache of this size. */
  public InferenceMemory serving(TrainingSetup setup, long cacheBytes) {
    return InferenceMemory.ofCache(
        network.config(), setup.base(), listing(setup.adapter()).bytes(), cacheBytes);
  }

  /** Returns the maximum sequence length of the model. */
  public int maxPositions() {
    return network.maxPositions();
  }

  @Override
  public void close() {
    network.close();
  }
}
