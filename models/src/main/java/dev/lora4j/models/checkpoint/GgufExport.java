package dev.lora4j.models.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorSource;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.ModelFamily;
import dev.lora4j.models.gguf.GgufModelWriter;
import dev.lora4j.models.gguf.ModelFiles;
import dev.lora4j.nn.Init;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes a directory of Hugging Face's, merged or not, as a GGUF file for llama.cpp. */
public final class GgufExport {
  private GgufExport() {}

  /**
   * Writes it, tensor by tensor; the file appears whole or not at all.
   *
   * @param directory holds {@code config.json}, weights, and a tokenizer if there is one
   * @param out the file, which must not be there yet
   * @param type of the matrices: F32, F16, BF16 or Q8_0
   * @throws UserError if the model is not supported, llama.cpp has no way to say something of it,
   *     or the disk refuses
   */
  public static void run(Path directory, Path out, GgmlType type) {
    requireFree(out);
    ConfigFields fields = ConfigFields.read(directory.resolve(CheckpointWriter.CONFIG));
    ModelFamily family = ModelFamily.of(fields);
    try (Weights weights = Weights.open(directory);
        LanguageModel empty = Init.withoutValues(() -> family.create(fields))) {
      WeightLoader loader = new WeightLoader(directory, weights, family, empty);
      loader.check();
      Map<String, String> stored = loader.storedNames();
      Map<String, TensorSource> state = new LinkedHashMap<>();
      for (String name : empty.namedParameters().keySet()) {
        String inFile = stored.getOrDefault(name, name);
        state.put(
            name,
            new TensorSource(
                DType.F32, weights.shape(inFile), () -> weights.read(inFile, DType.F32)));
      }
      GgufModelWriter.write(out, fields, ModelFiles.in(directory), state, type);
    }
  }

  static void requireFree(Path out) {
    if (Files.exists(out)) {
      throw new UserError("cannot write " + out + ": there is something of that name");
    }
  }
}
