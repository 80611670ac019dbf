package dev.lora4j.llm.export;

import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.gguf.BlockFallbacks;
import dev.lora4j.llm.gguf.GgufModelWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a model, merged or not, as a GGUF file for llama.cpp. */
public final class GgufExport {
  private GgufExport() {}

  /**
   * Writes the file, tensor by tensor; it appears complete or not at all.
   *
   * @param from the model: a directory with {@code config.json}, weights, and a tokenizer if there
   *     is one; or a GGUF file
   * @param out the new file
   * @param type the type of the matrices, one that can be written
   * @return the matrices that have another type, since their rows are no whole blocks
   * @throws UserError if the model is not supported, llama.cpp can't express something about it, or
   *     the disk refuses
   */
  public static BlockFallbacks run(Path from, Path out, GgmlType type) {
    requireFree(out);
    type.requireWritten();
    try (SavedModel model = SavedModel.open(from)) {
      return GgufModelWriter.write(out, model.config(), model.files(), model.tensors(), type);
    }
  }

  public static void requireFree(Path out) {
    if (Files.exists(out)) {
      throw new UserError("cannot write " + out + ": there is a file or directory of that name");
    }
  }
}
