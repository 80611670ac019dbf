package dev.lora4j.llm.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.CheckpointWriter;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.checkpoint.WeightLoader;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.model.LanguageModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Converts a GGUF file to a directory that transformers loads: config, weights, tokenizer with its
 * chat template, and generation config. One tensor is in memory at a time.
 */
public final class GgufConversion {
  private final GgufModel model;
  private final DType format;
  private final LongConsumer progress;

  /**
   * The result of a conversion.
   *
   * @param architecture {@code model_type}
   * @param tensors the number of tensors
   * @param parameters the number of their elements
   * @param format the dtype of the weights
   * @param bytes the size of all files
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
   * @param out a new or empty directory; it appears complete or not at all
   * @param options without a dtype, that of {@link #formatOf} is used
   * @param progress receives the bytes of the file that each tensor took, as it is converted
   * @throws UserError if the model is not supported, does not fit its metadata, has values that the
   *     dtype can't hold, or the disk refuses
   * @throws dev.lora4j.CorruptFile if the file is damaged
   */
  public static Result run(Path gguf, Path out, SaveOptions options, LongConsumer progress) {
    try (GgufModel model = GgufModel.open(gguf)) {
      return run(model, out, options, progress);
    }
  }

  /** Converts an open file. */
  public static Result run(GgufModel model, Path out, SaveOptions options, LongConsumer progress) {
    AtomicDirectory.requireFree(out);
    DType format = options.format().orElseGet(() -> formatOf(model));
    check(model);
    GgufConversion conversion = new GgufConversion(model, format, progress);
    Map<String, TensorSource> sources = conversion.sources();
    AtomicDirectory.write(
        out, directory -> conversion.writeInto(directory, sources, options.maxShardBytes()));
    return new Result(
        model.config().path("model_type").asText(),
        sources.size(),
        sources.values().stream().mapToLong(TensorSource::elements).sum(),
        format,
        CheckpointFiles.bytes(out));
  }

  /**
   * Returns the dtype that loses least for its size: that of the widest matrix where matrices are
   * not quantised, else F16, whose 11 significant bits hold a dequantised value better than the 8
   * of BF16.
   */
  public static DType formatOf(GgufModel model) {
    return model.denseDType();
  }

  private static void check(GgufModel model) {
    WeightLoader loader = WeightLoader.of(model, JsonDocument.of(model.path(), model.config()));
    try (LanguageModel empty = loader.model()) {
      loader.check();
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
    Tensor tensor = model.read(name, format);
    if (!FiniteValues.areIn(tensor)) {
      FiniteValues.require(model.path() + ": " + name, model.read(name, DType.F32));
      throw new UserError(
          "%s: %s has values that float16 can't hold; use bfloat16 or float32"
              .formatted(model.path(), name));
    }
    progress.accept(model.bytes(name));
    return tensor;
  }

  private void writeInto(Path directory, Map<String, TensorSource> sources, long maxShardBytes) {
    CheckpointWriter writer =
        new CheckpointWriter(directory, sources, maxShardBytes, Map.of("format", "pt"));
    writer.writeWeights();
    model.files().copyTokenizerTo(directory);
    ObjectNode config = model.config();
    writer.writeConfig(config.put("torch_dtype", CheckpointWriter.torchName(format)));
  }
}
