package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Merges adapters into a TorchScript file. */
final class ScriptMerge {
  private ScriptMerge() {}

  /**
   * Writes a new file with the adapters merged into the weights.
   *
   * @return the number of bytes written
   */
  static long run(Path model, List<Path> adapters, BaseCheck check, Path out) {
    if (Files.exists(out)) {
      throw new UserError("--out: " + out + " already exists; choose another name");
    }
    try (TorchScriptModel net = TorchScriptModel.load(model)) {
      LoraModel adapted = Lora.base(net);
      List<String> names =
          IntStream.range(0, adapters.size()).mapToObj(i -> "adapter" + i).toList();
      for (int i = 0; i < names.size(); i++) {
        adapted.load(names.get(i), adapters.get(i), check);
      }
      adapted.activate(names.toArray(String[]::new));
      adapted.merge();
      net.save(out);
    }
    return out.toFile().length();
  }
}
