package dev.lora4j.llm.export;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorSource;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.WeightLoader;
import dev.lora4j.llm.gguf.GgufModelWriter;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Exports a Hugging Face directory, merged or not, as a GGUF file for llama.cpp. */
public final class GgufExport {
  private GgufExport() {}

  /**
   * Writes the file, tensor by tensor; it appears complete or not at all.
   *
   * @param directory the model: {@code config.json}, weights, and a tokenizer if there is one
   * @param out the new file
   * @param type the type of the matrices: F32, F16, BF16 or Q8_0
   * @throws UserError if the model is not supported, llama.cpp can't express something about it, or
   *     the disk refuses
   */
  public static void run(Path directory, Path out, GgmlType type) {
    requireFree(out);
    JsonDocument config = JsonDocument.read(directory.resolve(ModelConfig.FILE));
    ModelFamily.of(config);
    try (Checkpoint weights = Checkpoint.open(directory)) {
      GgufModelWriter.write(out, config, ModelFiles.in(directory), sources(weights, config), type);
    }
  }

  private static Map<String, TensorSource> sources(Checkpoint weights, JsonDocument config) {
    WeightLoader loader = WeightLoader.of(weights, config);
    try (LanguageModel empty = loader.model()) {
      loader.check();
      Map<String, String> stored = loader.storedNames();
      Map<String, TensorSource> sources = new LinkedHashMap<>();
      for (String name : empty.namedParameters().keySet()) {
        String inFile = stored.getOrDefault(name, name);
        sources.put(
            name,
            new TensorSource(DType.F32, weights.shape(inFile), () -> finite(weights, inFile)));
      }
      return sources;
    }
  }

  private static Tensor finite(Checkpoint weights, String name) {
    return FiniteValues.require(weights.path() + ": " + name, weights.read(name, DType.F32));
  }

  public static void requireFree(Path out) {
    if (Files.exists(out)) {
      throw new UserError("cannot write " + out + ": there is a file or directory of that name");
    }
  }
}
