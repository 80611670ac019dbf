package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.ByteSize;
import dev.lora4j.cli.options.DTypeName;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.io.DType;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Converts a model from a GGUF file to a Hugging Face directory, or the other way round. */
record ModelConversion(
    Path out, Optional<String> dtype, Optional<String> maxShardSize, OutputFormat output) {

  private static final String DEFAULT_SHARD_SIZE = "5GB";

  /** Returns true if the path is the directory of a model rather than of an adapter. */
  static boolean isDirectory(Path path) {
    return Files.exists(path.resolve("config.json"))
        && !Files.exists(path.resolve("adapter_config.json"));
  }

  void toDirectory(GgufModel model) {
    Optional<DType> format = dtype.map(DTypeName::parse);
    SaveOptions options =
        new SaveOptions(format, ByteSize.parse(maxShardSize.orElse(DEFAULT_SHARD_SIZE)));
    long bytes = model.names().stream().mapToLong(model::bytes).sum();
    GgufConversion.Result result;
    try (Progress progress = new Progress("convert", Unit.BYTES, bytes)) {
      result = GgufConversion.run(model, out, options, progress::add);
    }
    output.show(
        root ->
            root.put("model_type", result.architecture())
                .put("tensors", result.tensors())
                .put("parameters", result.parameters())
                .put("dtype", result.format().name().toLowerCase(Locale.ROOT))
                .put("bytes", result.bytes())
                .put("out", out.toString()),
        text ->
            text.printf(
                "Converted %s: %s tensors, %s parameters as %s; wrote %s to %s%n",
                result.architecture(),
                NumberFormats.count(result.tensors()),
                NumberFormats.count(result.parameters()),
                result.format(),
                NumberFormats.bytes(result.bytes()),
                out));
  }

  void toGguf(Path model) {
    if (!out.toString().endsWith(".gguf")) {
      throw new UserError(
          "a model directory is converted to one GGUF file: give it a name ending in .gguf, such"
              + " as "
              + out
              + ".gguf");
    }
    if (maxShardSize.isPresent()) {
      throw new UserError(
          "--max-shard-size applies to model directories; a GGUF file is a single file");
    }
    GgmlType type = DTypeName.parseGgml(dtype.orElse("float16"));
    GgufExport.run(model, out, type);
    long bytes = bytes(out);
    output.show(
        root ->
            root.put("dtype", type.name().toLowerCase(Locale.ROOT))
                .put("bytes", bytes)
                .put("out", out.toString()),
        text -> text.printf("Wrote %s as %s to %s%n", NumberFormats.bytes(bytes), type, out));
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }
}
