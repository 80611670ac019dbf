package dev.lora4j.cli;

import dev.lora4j.models.script.TorchScriptModel;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Merges adapters into a saved model. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description = {
      "Adds adapters into a saved model's weights, tensor by tensor, and tells how much each"
          + " changed. Config and tokenizer come along.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora merge --model SmolLM2-135M --adapter my-adapter --out merged",
      "  lora merge --model SmolLM2-135M --adapter my-adapter --out merged.gguf --dtype q8_0"
    })
final class MergeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "BASE",
      required = true,
      description =
          "A .safetensors or .bin file, a directory as Hugging Face lays it out, a GGUF file, or a"
              + " TorchScript file.")
  private Path model = Path.of("");

  @Mixin private MergeOptions options = new MergeOptions();

  @Override
  public Integer call() {
    if (TorchScriptModel.isAt(model)) {
      options.runScript(model);
    } else {
      options.merge(model);
    }
    return 0;
  }
}
