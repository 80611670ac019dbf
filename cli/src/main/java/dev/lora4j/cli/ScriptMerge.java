package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.BaseCheck;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.script.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** What {@code lora merge} does with a TorchScript file. */
final class ScriptMerge {
  private ScriptMerge() {}

  /**
   * Adds adapters into a TorchScript file's weights and writes another file.
   *
   * @return the number of bytes written
   */
  static long run(Path model, List<Path> adapters, boolean anyBase, Path out) {
    if (Files.exists(out)) {
      throw new UserError("--out: there is " + out + " already; choose another name");
    }
    try (TorchScriptModel net = TorchScriptModel.load(model)) {
      BaseCheck check = anyBase ? BaseCheck.ANY_BASE : BaseCheck.SAME_BASE;
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
