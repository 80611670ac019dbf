package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kind of model that a path names. */
public final class ModelPath {
  private ModelPath() {}

  /**
   * Returns whether a model to train is a TorchScript file.
   *
   * @throws UserError if it is a file of another kind
   */
  public static boolean isScript(String model) {
    Path file = Path.of(model);
    boolean known = TorchScriptModel.isAt(file) || GgufModel.isAt(file);
    if (model.endsWith(".safetensors") || (Files.isRegularFile(file) && !known)) {
      throw new UserError(
          "--model: expected a TorchScript file, or a language model as a directory, a GGUF file"
              + " or a name on the Hub; found "
              + model);
    }
    return TorchScriptModel.isAt(file);
  }
}
