package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.io.DType;
import dev.lora4j.models.checkpoint.GgufConversion;
import dev.lora4j.models.checkpoint.SaveOptions;
import dev.lora4j.models.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a model in another layout. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description = {
      "Writes the model of a GGUF file as a directory in Hugging Face's layout, with its tokenizer"
          + " and chat template.",
      ""
    },
    footer = {"", "Example:", "  lora convert SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2-135M-Instruct"})
final class ConvertCommand implements Callable<Integer> {
  private static final String DEFAULT_SHARD = "5GB";

  @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file.")
  private Path model = Path.of("");

  @Parameters(index = "1", paramLabel = "DIR", description = "Where the directory goes.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "float32, float16 or bfloat16; if not given, that of the file's matrices, and float16 for"
              + " quantised ones.")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description = "Largest file of weights, such as 500MB; ${DEFAULT-VALUE} if not given.")
  private String maxShardSize = DEFAULT_SHARD;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (!Files.exists(model)) {
      throw new UserError("there is no " + model);
    }
    if (!GgufModel.isAt(model)) {
      throw new UserError(model + " is no GGUF file; expected one");
    }
    Optional<DType> format = Optional.ofNullable(dtype).map(MergeOptions::dtype);
    SaveOptions options = new SaveOptions(format, MergeOptions.bytes(maxShardSize));
    GgufConversion.Result result;
    try (LateProgress progress = new LateProgress("convert", bytes())) {
      result = GgufConversion.run(model, out, options, progress::add);
    }
    if (json) {
      JsonLine.print(
          System.out,
          root ->
              root.put("model_type", result.architecture())
                  .put("tensors", result.tensors())
                  .put("parameters", result.parameters())
                  .put("dtype", result.format().name().toLowerCase(Locale.ROOT))
                  .put("bytes", result.bytes())
                  .put("out", out.toString()));
    } else {
      System.out.printf(
          "%s: %s tensors, %s parameters as %s; %s in %s%n",
          result.architecture(),
          Numbers.count(result.tensors()),
          Numbers.count(result.parameters()),
          result.format(),
          Numbers.bytes(result.bytes()),
          out);
    }
    return 0;
  }

  private long bytes() {
    try {
      return Files.size(model);
    } catch (IOException e) {
      throw new UserError("cannot read " + model + ": " + e, e);
    }
  }
}
