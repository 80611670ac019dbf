package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.lora.init.OriginalWeights;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The original weights of a quantised model, read from its unquantised checkpoint, for LoftQ. */
public final class OriginalCheckpoint implements OriginalWeights, AutoCloseable {
  private final WeightFile weights;
  private final Map<String, String> names;

  private OriginalCheckpoint(WeightFile weights, Map<String, String> names) {
    this.weights = weights;
    this.names = names;
  }

  /**
   * Opens the checkpoint that a model was quantised from.
   *
   * @param path a directory in Hugging Face's layout
   * @param model the quantised model
   * @throws UserError if the checkpoint is quantised itself, or is another model's
   */
  public static OriginalCheckpoint open(Path path, LanguageModel model) {
    if (GgufModel.isAt(path)) {
      throw quantized(path);
    }
    JsonDocument config = JsonDocument.read(path.resolve(ModelConfig.FILE));
    WeightFile weights = Checkpoint.weights(path, config);
    try {
      if (weights.quantization().isPresent()) {
        throw quantized(path);
      }
      WeightLoader loader = new WeightLoader(weights, ModelFamily.of(config), model);
      return new OriginalCheckpoint(weights, loader.storedNames());
    } catch (RuntimeException | Error e) {
      weights.close();
      throw e;
    }
  }

  private static UserError quantized(Path path) {
    return new UserError(
        "loftq needs the weights before quantisation, and %s is quantised; give the model that it was quantised from, with --quantize nf4"
            .formatted(path));
  }

  @Override
  public Tensor weight(String path) {
    String name = path + ".weight";
    String inFile = names.get(name);
    if (inFile == null) {
      throw new UserError("%s has no %s, which loftq needs".formatted(weights.path(), name));
    }
    return weights.read(inFile, DType.F32);
  }

  @Override
  public void close() {
    weights.close();
  }
}
