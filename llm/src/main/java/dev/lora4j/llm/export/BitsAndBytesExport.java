package dev.lora4j.llm.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.CheckpointWriter;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.BitsAndBytesTensors;
import dev.lora4j.llm.weights.Quantization;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes a model as a directory in bitsandbytes' NF4, FP4 or int8, which transformers loads. The
 * linear layers but the output head are quantised; all other tensors are dense. One layer is in
 * memory at a time.
 */
public final class BitsAndBytesExport {
  private final SavedModel model;
  private final DType dense;
  private final LongConsumer progress;

  /**
   * The result of an export.
   *
   * @param layers the number of quantised layers
   * @param dense the dtype of all other tensors
   * @param bytes the size of all files
   */
  public record Result(int layers, DType dense, long bytes) {}

  private BitsAndBytesExport(SavedModel model, DType dense, LongConsumer progress) {
    this.model = model;
    this.dense = dense;
    this.progress = progress;
  }

  /**
   * Quantises a model.
   *
   * @param from a directory in Hugging Face's layout, or a GGUF file
   * @param out a new or empty directory; it appears complete or not at all
   * @param options the dtype of tensors that are not quantised, and the size of shards; without a
   *     dtype they have that of the model
   * @param progress receives the number of elements of each tensor that is written
   * @throws UserError if the model is not supported, is quantised already in a directory, has
   *     values that are not finite, or the disk refuses
   */
  public static Result run(
      Path from, Path out, Quantization to, SaveOptions options, LongConsumer progress) {
    AtomicDirectory.requireFree(out);
    try (SavedModel model = SavedModel.open(from)) {
      DType dense = options.format().orElse(model.dtype());
      BitsAndBytesExport export = new BitsAndBytesExport(model, dense, progress);
      try (BitsAndBytesTensors layers = new BitsAndBytesTensors(to, dense)) {
        Map<String, TensorSource> tensors = export.tensors(layers);
        AtomicDirectory.write(
            out, directory -> export.write(directory, tensors, to, options.maxShardBytes()));
      }
      return new Result(model.layers().size(), dense, CheckpointFiles.bytes(out));
    }
  }

  private Map<String, TensorSource> tensors(BitsAndBytesTensors layers) {
    Map<String, TensorSource> tensors = new LinkedHashMap<>();
    model
        .tensors()
        .forEach(
            (name, source) -> {
              Boolean transposed = model.layers().get(module(name));
              if (transposed != null && name.endsWith(".weight")) {
                addLayer(layers, name, source, transposed, tensors);
              } else {
                Supplier<Tensor> value = () -> rounded(name, source.value().get());
                tensors.put(name, new TensorSource(dense, source.shape(), counted(source, value)));
              }
            });
    return tensors;
  }

  private void addLayer(
      BitsAndBytesTensors layers,
      String name,
      TensorSource source,
      boolean transposed,
      Map<String, TensorSource> tensors) {
    List<Long> shape = source.shape();
    Supplier<Tensor> weight = counted(source, () -> rounded(name, source.value().get()));
    if (transposed) {
      layers.add(name, List.of(shape.get(1), shape.get(0)), () -> weight.get().t(), tensors);
    } else {
      layers.add(name, shape, weight, tensors);
    }
  }

  private static String module(String parameter) {
    return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
  }

  private Supplier<Tensor> counted(TensorSource source, Supplier<Tensor> value) {
    return () -> {
      progress.accept(source.elements());
      return value.get();
    };
  }

  private Tensor rounded(String name, Tensor exact) {
    Tensor written = exact.to(dense.torch());
    if (!FiniteValues.areIn(written)) {
      throw new UserError(
          "%s has values that %s can't hold; use bfloat16 or float32"
              .formatted(name, CheckpointWriter.torchName(dense)));
    }
    return written;
  }

  private void write(
      Path directory, Map<String, TensorSource> tensors, Quantization to, long maxShardBytes) {
    CheckpointWriter writer =
        new CheckpointWriter(directory, tensors, maxShardBytes, Map.of("format", "pt"));
    writer.writeWeights();
    model.files().copyTokenizerTo(directory);
    ObjectNode config = CheckpointWriter.withDType(model.config().json(), dense);
    config.set(
        BitsAndBytesConfig.KEY,
        new BitsAndBytesConfig(to.type(), to.doubleQuant()).json(List.of()));
    writer.writeConfig(config);
  }
}
