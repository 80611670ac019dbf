package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorSource;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.ModelFamily;
import dev.lora4j.models.gguf.GgufModel;
import dev.lora4j.nn.Init;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes the model of a GGUF file as a directory that transformers loads: config, weights,
 * tokenizer with its chat template, and how to generate. One tensor is in memory at a time.
 */
public final class GgufConversion {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> FILES =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json");

  private final GgufModel model;
  private final DType format;
  private final LongConsumer progress;

  /**
   * What was written.
   *
   * @param architecture {@code model_type}
   * @param tensors how many
   * @param parameters how many numbers in them
   * @param format of the numbers
   * @param bytes of all files
   */
  public record Result(
      String architecture, int tensors, long parameters, DType format, long bytes) {}

  private GgufConversion(GgufModel model, DType format, LongConsumer progress) {
    this.model = model;
    this.format = format;
    this.progress = progress;
  }

  /**
   * Converts a file.
   *
   * @param out a directory that is not there yet, or empty; it appears whole or not at all
   * @param options of which an empty format means the one of {@link #formatOf}
   * @param progress hears the file's bytes as they are converted
   * @throws UserError if the model is not supported, does not fit its metadata, has numbers that
   *     the format can't hold, or the disk refuses
   * @throws dev.lora4j.CorruptFile if the file is damaged
   */
  public static Result run(Path gguf, Path out, SaveOptions options, LongConsumer progress) {
    AtomicDirectory.requireFree(out);
    try (GgufTensors tensors = new GgufTensors(GgufModel.open(gguf))) {
      DType format = options.format().orElseGet(() -> formatOf(tensors.file()));
      check(gguf, tensors);
      GgufConversion conversion = new GgufConversion(tensors.file(), format, progress);
      Map<String, TensorSource> sources = conversion.sources();
      AtomicDirectory.write(
          out, directory -> conversion.writeInto(directory, sources, options.maxShardBytes()));
      return new Result(
          tensors.file().config().path("model_type").asText(),
          sources.size(),
          sources.values().stream().mapToLong(TensorSource::elements).sum(),
          format,
          size(out));
    }
  }

  /**
   * The format that loses least for its size: that of the widest matrix where matrices are plain,
   * F16 where they are quantised. F16 keeps eleven bits of what a few bits and a scale stand for,
   * BF16 only eight.
   */
  public static DType formatOf(GgufModel model) {
    List<GgmlType> matrices =
        model.names().stream()
            .filter(name -> model.shape(name).size() > 1)
            .map(model::type)
            .distinct()
            .toList();
    if (matrices.contains(GgmlType.F32)) {
      return DType.F32;
    }
    return matrices.contains(GgmlType.BF16) ? DType.BF16 : DType.F16;
  }

  private static void check(Path gguf, GgufTensors tensors) {
    ConfigFields fields = ConfigFields.of(gguf, tensors.file().config());
    ModelFamily family = ModelFamily.of(fields);
    try (LanguageModel empty = Init.withoutValues(() -> family.create(fields))) {
      new WeightLoader(gguf, tensors, family, empty).check();
    }
  }

  private Map<String, TensorSource> sources() {
    Map<String, TensorSource> sources = new LinkedHashMap<>();
    for (String name : model.names()) {
      sources.put(name, new TensorSource(format, model.shape(name), () -> read(name)));
    }
    return sources;
  }

  private Tensor read(String name) {
    Tensor tensor = model.read(name).to(format.torch());
    if (format == DType.F16 && !tensor.isfinite().all().item_bool()) {
      throw new UserError(
          "%s: %s has numbers that float16 can't hold; ask for bfloat16 or float32"
              .formatted(model.path(), name));
    }
    progress.accept(model.bytes(name));
    return tensor;
  }

  private void writeInto(Path directory, Map<String, TensorSource> sources, long maxShardBytes)
      throws IOException {
    ShardFiles.write(directory, sources, maxShardBytes, Map.of("format", "pt"));
    for (String name : FILES) {
      model
          .files()
          .read(name)
          .ifPresent(content -> AtomicFile.write(directory.resolve(name), content));
    }
    ObjectNode config = model.config();
    config.put("torch_dtype", CheckpointWriter.nameOf(format));
    AtomicFile.write(directory.resolve(CheckpointWriter.CONFIG), text(config));
  }

  private static byte[] text(ObjectNode json) {
    try {
      return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }

  private static long size(Path directory) {
    long bytes = 0;
    for (Path file : CheckpointFiles.list(directory)) {
      try {
        bytes += Files.size(file);
      } catch (IOException e) {
        throw new UserError("cannot read " + file + ": " + e, e);
      }
    }
    return bytes;
  }
}
