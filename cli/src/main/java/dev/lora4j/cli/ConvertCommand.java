package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.DTypeName;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.QuantizeOptions;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.lora.format.AdapterConversion;
import dev.lora4j.lora.format.AdapterKind;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Converts an adapter or a model to another file format. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    header = {"Convert an adapter or a model to another file format.", ""},
    description = {
      "",
      "Adapters: PEFT directory, mlx-lm directory, or a GGUF file for llama.cpp's --lora.",
      "Models: GGUF file to a Hugging Face directory with tokenizer and chat template, or such a"
          + " directory to a GGUF file, quantised or not.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora convert my-adapter my-adapter.gguf --model SmolLM2-135M --dtype float16",
      "  lora convert my-adapter for-apple --to mlx",
      "  lora convert adapter.gguf my-adapter --model SmolLM2-135M",
      "  lora convert SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2-135M-Instruct",
      "  lora convert merged merged.gguf --dtype q8_0",
      "  lora convert merged merged.gguf --quantize q4_k",
      "  lora convert SmolLM2-135M SmolLM2-135M-nf4 --quantize nf4 --double-quant"
    })
final class ConvertCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "FROM",
      description =
          "Source: an adapter directory of PEFT or mlx-lm, a model directory, or a .gguf file of"
              + " either.")
  private Path from = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "Output file or directory.")
  private Path out = Path.of("");

  @Option(
      names = "--to",
      paramLabel = "FORMAT",
      description =
          "Adapter format: peft, mlx or gguf (default: by the end of OUT: .gguf, .mlx or -mlx,"
              + " otherwise peft).")
  private @Nullable String to;

  @Option(
      names = "--model",
      paramLabel = "BASE",
      description =
          "Base model, a directory with a config.json or a GGUF file; required to write an adapter as GGUF, and to"
              + " read a Llama adapter from GGUF.")
  private @Nullable Path model;

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "Output data type: float32, float16 or bfloat16, for a GGUF model also q8_0, q4_0 or q4_k"
              + " (default: unchanged; float16 for a quantised source and for a GGUF model).")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description =
          "Maximum size of a weight file in a model directory, such as 500MB (default: 5GB).")
  private @Nullable String maxShardSize;

  @Mixin private QuantizeOptions quantize = new QuantizeOptions();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    Optional<GgufModel> gguf =
        GgufModel.isAt(from) ? GgufModel.openUnlessAdapter(from) : Optional.empty();
    if (gguf.isPresent()) {
      try (GgufModel file = gguf.get()) {
        modelConversion().ofGguf(file);
      }
    } else if (ModelConversion.isDirectory(from)) {
      modelConversion().ofDirectory(from);
    } else {
      convertAdapter();
    }
    return 0;
  }

  private ModelConversion modelConversion() {
    if (to != null || model != null) {
      throw new UserError("--to and --model apply to adapters; " + from + " is a model");
    }
    return new ModelConversion(
        out, Optional.ofNullable(dtype), Optional.ofNullable(maxShardSize), quantize, output);
  }

  private void convertAdapter() {
    if (quantize.isGiven()) {
      throw new UserError("--quantize applies to models; " + from + " is an adapter");
    }
    if (maxShardSize != null) {
      throw new UserError(
          "--max-shard-size applies to model directories; " + from + " is an adapter");
    }
    AdapterKind kind = to == null ? AdapterKind.byName(out) : AdapterKind.of(to);
    AdapterConversion conversion = AdapterConversion.of(from);
    if (model != null) {
      conversion = conversion.withBase(model);
    }
    if (dtype != null) {
      conversion = conversion.writtenAs(DTypeName.parse(dtype));
    }
    AdapterConversion.Summary done = conversion.to(kind, out);
    output.show(
        root ->
            root.put("from", done.from().word())
                .put("to", done.to().word())
                .put("layers", done.layers())
                .put("parameters", done.numbers())
                .put("bytes", done.bytes())
                .put("out", out.toString()),
        text ->
            text.printf(
                "Converted %s to %s: %d layers, %s parameters; wrote %s to %s%n",
                done.from().word(),
                done.to().word(),
                done.layers(),
                NumberFormats.count(done.numbers()),
                NumberFormats.bytes(done.bytes()),
                out));
  }
}
