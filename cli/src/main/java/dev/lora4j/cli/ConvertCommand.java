package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.lora.AdapterConversion;
import dev.lora4j.lora.AdapterKind;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Carries an adapter or a model from one kind of files into another. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description = {
      "Writes an adapter in the files of another program: PEFT's directory, mlx-lm's directory, or"
          + " the GGUF file that llama.cpp takes with --lora. Or a model: a GGUF file as a directory"
          + " in Hugging Face's layout, with tokenizer and chat template, or such a directory as a"
          + " GGUF file.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora convert my-adapter my-adapter.gguf --model SmolLM2-135M --dtype float16",
      "  lora convert my-adapter for-apple --to mlx",
      "  lora convert adapter.gguf my-adapter --model SmolLM2-135M",
      "  lora convert SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2-135M-Instruct",
      "  lora convert merged merged.gguf --dtype q8_0"
    })
final class ConvertCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "FROM",
      description =
          "An adapter: a directory of PEFT's or mlx-lm's, or a .gguf file. Or a model: a .gguf"
              + " file or a directory.")
  private Path from = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "Where the result goes.")
  private Path out = Path.of("");

  @Option(
      names = "--to",
      paramLabel = "KIND",
      description =
          "peft, mlx or gguf; if not given, by OUT's name: .gguf, .mlx or -mlx at its end, else"
              + " peft.")
  private @Nullable String to;

  @Option(
      names = "--model",
      paramLabel = "BASE",
      description =
          "The base's directory, of which config.json is read; needed to write GGUF, and to read"
              + " GGUF of Llama's kind.")
  private @Nullable Path model;

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "float32, float16 or bfloat16, for a model in a GGUF file also q8_0. If not given, as it"
              + " is; float16 where it was quantised, and for a model in a GGUF file.")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description =
          "The largest file of weights in a model's directory, such as 500MB; 5GB unless given.")
  private @Nullable String maxShardSize;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (ModelConversion.isModel(from)) {
      if (to != null || model != null) {
        throw new UserError("--to and --model are for adapters; " + from + " is a model");
      }
      new ModelConversion(
              from, out, Optional.ofNullable(dtype), Optional.ofNullable(maxShardSize), json)
          .run();
    } else {
      convertAdapter();
    }
    return 0;
  }

  private void convertAdapter() {
    if (maxShardSize != null) {
      throw new UserError(
          "--max-shard-size is for a model's directory; " + from + " is an adapter");
    }
    AdapterKind kind = to == null ? AdapterKind.byName(out) : AdapterKind.of(to);
    AdapterConversion conversion = AdapterConversion.of(from);
    if (model != null) {
      conversion = conversion.withBase(model);
    }
    if (dtype != null) {
      conversion = conversion.writtenAs(MergeOptions.dtype(dtype));
    }
    AdapterConversion.Summary done = conversion.to(kind, out);
    if (json) {
      JsonLine.print(
          System.out,
          root ->
              root.put("from", done.from().word())
                  .put("to", done.to().word())
                  .put("layers", done.layers())
                  .put("parameters", done.numbers())
                  .put("bytes", done.bytes())
                  .put("out", out.toString()));
    } else {
      System.out.printf(
          "%s to %s: %d layers, %s numbers; %s in %s%n",
          done.from().word(),
          done.to().word(),
          done.layers(),
          Numbers.count(done.numbers()),
          Numbers.bytes(done.bytes()),
          out);
    }
  }
}
