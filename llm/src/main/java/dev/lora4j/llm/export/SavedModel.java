package dev.lora4j.llm.export;

import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.WeightLoader;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.TransposedLinear;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * A language model in its files, quantised or not, open to be written in another form.
 *
 * @param config its {@code config.json} without the quantisation
 * @param dtype that of {@link WeightFile#denseDType}
 * @param tensors by the network's names, dequantised to float32 and finite
 * @param layers the linear layers but the output head, by path; whether each has its weight
 *     transposed
 */
public record SavedModel(
    ModelFiles files,
    JsonDocument config,
    WeightFile weights,
    DType dtype,
    Map<String, TensorSource> tensors,
    Map<String, Boolean> layers)
    implements AutoCloseable {

  /**
   * Opens a directory in Hugging Face's layout, or a GGUF file.
   *
   * @throws dev.lora4j.UserError if it is not supported, or the weights do not fit the config
   */
  public static SavedModel open(Path path) {
    return open(ModelFiles.at(path));
  }

  /** Opens a model whose header has been read. */
  public static SavedModel open(ModelFiles files) {
    Optional<GgufModel> gguf = files.openGguf();
    if (gguf.isPresent()) {
      return of(files, JsonDocument.of(files.path(), gguf.get().config()), gguf.get());
    }
    JsonDocument config = JsonDocument.read(files.path().resolve(ModelConfig.FILE));
    ModelFamily.of(config);
    return of(files, config, Checkpoint.weights(files.path(), config));
  }

  private static SavedModel of(ModelFiles files, JsonDocument config, WeightFile file) {
    try {
      WeightLoader loader = WeightLoader.of(file, config);
      WeightFile weights = loader.weights();
      try (LanguageModel empty = loader.model()) {
        loader.check();
        Map<String, String> stored = loader.storedNames();
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        for (String name : empty.namedParameters().keySet()) {
          String inFile = stored.getOrDefault(name, name);
          tensors.put(
              name,
              new TensorSource(DType.F32, weights.shape(inFile), () -> finite(weights, inFile)));
        }
        return new SavedModel(
            files,
            BitsAndBytesConfig.removedFrom(config),
            weights,
            weights.denseDType(),
            tensors,
            layers(empty));
      }
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static Tensor finite(WeightFile weights, String name) {
    return FiniteValues.require(weights.path() + ": " + name, weights.read(name, DType.F32));
  }

  private static Map<String, Boolean> layers(LanguageModel model) {
    Map<String, Boolean> layers = new LinkedHashMap<>();
    model
        .namedModules()
        .forEach(
            (path, module) -> {
              boolean transposed = module instanceof TransposedLinear;
              boolean head = model.headPath().filter(path::equals).isPresent();
              if ((module instanceof Linear || transposed) && !head) {
                layers.put(path, transposed);
              }
            });
    return layers;
  }

  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** Reads a tensor by the network's name, in float32, in the caller's pointer scope. */
  public Tensor read(String name) {
    return Objects.requireNonNull(tensors.get(name), name).value().get();
  }

  @Override
  public void close() {
    weights.close();
  }
}
