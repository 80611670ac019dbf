package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.lora.GgufAdapter;
import dev.lora4j.models.checkpoint.GgufConversion;
import dev.lora4j.models.checkpoint.GgufExport;
import dev.lora4j.models.checkpoint.SaveOptions;
import dev.lora4j.models.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * A model from a GGUF file into a directory as Hugging Face lays it out, or the other way.
 *
 * @param dtype of the numbers that are written; empty for what suits the model
 * @param maxShardSize largest file of weights in a directory
 * @param json whether one JSON object is printed
 */
record ModelConversion(
    Path model, Path out, Optional<String> dtype, Optional<String> maxShardSize, boolean json) {

  private static final String USUAL_SHARD_SIZE = "5GB";

  /** Whether there is a model rather than an adapter. */
  static boolean isModel(Path path) {
    return Files.isDirectory(path)
        ? Files.exists(path.resolve("config.json"))
            && !Files.exists(path.resolve("adapter_config.json"))
        : GgufModel.isAt(path) && !GgufAdapter.isIn(path);
  }

  void run() {
    if (Files.isDirectory(model)) {
      toGguf();
    } else {
      toDirectory();
    }
  }

  private void toDirectory() {
    Optional<DType> format = dtype.map(MergeOptions::dtype);
    SaveOptions options =
        new SaveOptions(format, MergeOptions.bytes(maxShardSize.orElse(USUAL_SHARD_SIZE)));
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
    if (!out.toString().endsWith(".gguf")) {
      throw new UserError(
          "a model's directory becomes one GGUF file: give it a name that ends with .gguf, such as "
              + out
              + ".gguf");
    }
    if (maxShardSize.isPresent()) {
      throw new UserError(
          "--max-shard-size is for a model's directory; a GGUF file is written whole");
    }
    GgmlType type = ggmlType(dtype.orElse("float16"));
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

  /**
   * The format of a GGUF file's matrices that a word means.
   *
   * @throws UserError if it means none that is written
   */
  static GgmlType ggmlType(String name) {
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
