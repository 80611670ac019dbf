package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.ByteSize;
import dev.lora4j.cli.options.DTypeName;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.QuantizeOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.BitsAndBytesExport;
import dev.lora4j.llm.export.DenseExport;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.gguf.BlockFallbacks;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Converts a model between GGUF files and Hugging Face directories, quantised or not. */
record ModelConversion(
    Path out,
    Optional<String> dtype,
    Optional<String> maxShardSize,
    QuantizeOptions quantize,
    OutputFormat output) {

  private static final String DEFAULT_SHARD_SIZE = "5GB";

  /** Returns true if the path is the directory of a model rather than of an adapter. */
  static boolean isDirectory(Path path) {
    return Files.exists(path.resolve("config.json"))
        && !Files.exists(path.resolve("adapter_config.json"));
  }

  private boolean writesGguf() {
    return out.toString().endsWith(".gguf");
  }

  void ofGguf(GgufModel model) {
    if (writesGguf()) {
      toGguf(model.path());
    } else if (quantize.ofDirectory().isPresent()) {
      model
          .quantization()
          .ifPresent(
              format ->
                  System.err.println(
                      "Warning: the weights are in %s and are rounded a second time; a source in half precision gives better values"
                          .formatted(format)));
      quantized(model.path(), quantize.ofDirectory().get());
    } else {
      toDirectory(model);
    }
  }

  void ofDirectory(Path model) {
    if (writesGguf()) {
      toGguf(model);
      return;
    }
    Optional<BitsAndBytesConfig> stored =
        BitsAndBytesConfig.in(JsonDocument.read(model.resolve("config.json")));
    Optional<Quantization> to = quantize.ofDirectory();
    if (to.isPresent() && stored.isPresent()) {
      throw new UserError(
          "%s is quantised already, as %s; convert it to half precision first: lora convert %s DIR"
              .formatted(model, stored.get().type().word(), model));
    }
    if (to.isPresent()) {
      quantized(model, to.get());
    } else if (stored.isPresent()) {
      dense(model);
    } else {
      throw new UserError(
          "a model directory is converted to a GGUF file, or quantised: give the output a name"
              + " ending in .gguf, such as "
              + out
              + ".gguf, or --quantize nf4");
    }
  }

  private SaveOptions saveOptions() {
    return new SaveOptions(
        dtype.map(DTypeName::parse), ByteSize.parse(maxShardSize.orElse(DEFAULT_SHARD_SIZE)));
  }

  private void quantized(Path model, Quantization to) {
    BitsAndBytesExport.Result result =
        BitsAndBytesExport.run(model, out, to, saveOptions(), elements -> {});
    output.show(
        root ->
            root.put("quantization", to.type().word())
                .put("double_quant", to.doubleQuant())
                .put("layers", result.layers())
                .put("dtype", result.dense().name().toLowerCase(Locale.ROOT))
                .put("bytes", result.bytes())
                .put("out", out.toString()),
        text ->
            text.printf(
                "Quantised %s layers to %s, other tensors as %s; wrote %s to %s%n",
                NumberFormats.count(result.layers()),
                to.describe(),
                result.dense(),
                NumberFormats.bytes(result.bytes()),
                out));
  }

  private void dense(Path model) {
    DenseExport.Result result = DenseExport.run(model, out, saveOptions(), elements -> {});
    output.show(
        root ->
            root.put("tensors", result.tensors())
                .put("parameters", result.parameters())
                .put("dtype", result.dtype().name().toLowerCase(Locale.ROOT))
                .put("bytes", result.bytes())
                .put("out", out.toString()),
        text ->
            text.printf(
                "Dequantised %s tensors, %s parameters as %s; wrote %s to %s%n",
                NumberFormats.count(result.tensors()),
                NumberFormats.count(result.parameters()),
                result.dtype(),
                NumberFormats.bytes(result.bytes()),
                out));
  }

  private void toDirectory(GgufModel model) {
    SaveOptions options = saveOptions();
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

  private void toGguf(Path model) {
    if (maxShardSize.isPresent()) {
      throw new UserError(
          "--max-shard-size applies to model directories; a GGUF file is a single file");
    }
    GgmlType type = quantize.ofGguf(dtype.orElse(null));
    BlockFallbacks fallbacks = GgufExport.run(model, out, type);
    fallbacks.warning().ifPresent(warning -> System.err.println("Warning: " + warning));
    long bytes = bytes(out);
    output.show(
        root -> {
          root.put("dtype", type.name().toLowerCase(Locale.ROOT))
              .put("bytes", bytes)
              .put("out", out.toString());
          ObjectNode others = root.putObject("fallbacks");
          fallbacks.counts().forEach((other, count) -> others.put(other.name(), count));
        },
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
