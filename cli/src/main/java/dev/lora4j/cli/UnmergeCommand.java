package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.MergeOptions;
import dev.lora4j.llm.merge.MergeJob;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Subtracts adapters from a merged model. */
@Command(
    name = "unmerge",
    mixinStandardHelpOptions = true,
    header = {"Subtract merged adapters from a model.", ""},
    description = {
      "",
      "The result equals the base except for rounding errors, which are measured. Keep the"
          + " original base if you can.",
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
      description = "Merged model: a .safetensors file or a directory.")
  private Path model = Path.of("");

  @Mixin private MergeOptions options = new MergeOptions();

  @Override
  public Integer call() {
    if (options.isGguf()) {
      throw new UserError(
          "unmerge writes a directory or a .safetensors file; convert the result to GGUF with"
              + " 'lora convert'");
    }
    new MergeRun(options, model).run("unmerge", MergeJob::unmerge);
    return 0;
  }
}
