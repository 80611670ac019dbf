package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.script.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code lora merge} does with a TorchScript file. */
final class ScriptMerge {
  private ScriptMerge() {}

  /**
   * Adds an adapter into a TorchScript file's weights and writes another file.
   *
   * @return the number of bytes written
   */
  static long run(Path model, Path adapter, Path out) {
    if (Files.exists(out)) {
      throw new UserError("--out: there is " + out + " already; choose another name");
    }
    try (TorchScriptModel net = TorchScriptModel.load(model)) {
      LoraModel adapted = Lora.base(net);
      adapted.load("default", adapter);
      adapted.activate("default");
      adapted.merge();
      net.save(out);
    }
    return out.toFile().length();
  }
}
