package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.models.checkpoint.GgufConversion;
import dev.lora4j.models.checkpoint.GgufExport;
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
          + " and chat template; or a directory as a GGUF file.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora convert SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2-135M-Instruct",
      "  lora convert merged merged.gguf --dtype q8_0"
    })
final class ConvertCommand implements Callable<Integer> {
  private static final String DEFAULT_SHARD = "5GB";

  @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, or a directory.")
  private Path model = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "Where the result goes.")
  private Path out = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "float32, float16 or bfloat16, for a GGUF file also q8_0; if not given, that of the GGUF"
              + " file's matrices, and float16 for quantised ones or to a GGUF file.")
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
    if (GgufModel.isAt(model)) {
      toDirectory();
    } else if (out.toString().endsWith(".gguf")) {
      toGguf();
    } else {
      throw new UserError(
          "%s is no GGUF file, and %s does not end with .gguf; expected one of both"
              .formatted(model, out));
    }
    return 0;
  }

  private void toDirectory() {
    Optional<DType> format = Optional.ofNullable(dtype).map(MergeOptions::dtype);
    SaveOptions options = new SaveOptions(format, MergeOptions.bytes(maxShardSize));
    GgufConversion.Result result;
    try (LateProgress progress = new LateProgress("convert", bytes(model))) {
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
  }

  private void toGguf() {
    GgmlType type = ggmlType(dtype == null ? "float16" : dtype);
    GgufExport.run(model, out, type);
    long bytes = bytes(out);
    if (json) {
      JsonLine.print(
          System.out,
          root ->
              root.put("dtype", type.name().toLowerCase(Locale.ROOT))
                  .put("bytes", bytes)
                  .put("out", out.toString()));
    } else {
      System.out.printf("%s as %s in %s%n", Numbers.bytes(bytes), type, out);
    }
  }

  private static GgmlType ggmlType(String name) {
    return name.equalsIgnoreCase(GgmlType.Q8_0.name())
        ? GgmlType.Q8_0
        : GgmlType.valueOf(MergeOptions.dtype(name).name());
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }
}
