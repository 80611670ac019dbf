package dev.lora4j.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Takes adapters out of a merged model. */
@Command(
    name = "unmerge",
    mixinStandardHelpOptions = true,
    description = {
      "Subtracts adapters from a model that they were merged into. The result is the base but for"
          + " rounding, which is measured; keep the base if you can.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  lora unmerge --model merged --adapter my-adapter --out base-again"
    })
final class UnmergeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "MERGED",
      required = true,
      description = "A merged model: a .safetensors file or a directory.")
  private Path model = Path.of("");

  @Mixin private MergeOptions options = new MergeOptions();

  @Override
  public Integer call() {
    options.unmerge(model);
    return 0;
  }
}
