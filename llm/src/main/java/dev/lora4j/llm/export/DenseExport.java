package dev.lora4j.llm.export;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.CheckpointWriter;
import dev.lora4j.llm.checkpoint.SaveOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.bytedeco.pytorch.Tensor;

/** Writes a quantised model as a dense directory, one tensor at a time. */
public final class DenseExport {

  /**
   * The result of an export.
   *
   * @param dtype the dtype of all tensors
   * @param parameters the number of their elements
   * @param bytes the size of all files
   */
  public record Result(int tensors, DType dtype, long parameters, long bytes) {}

  private DenseExport() {}

  /**
   * Dequantises a model.
   *
   * @param from a directory in Hugging Face's layout, or a GGUF file
   * @param out a new or empty directory; it appears complete or not at all
   * @param options without a dtype, that of the matrices that are not quantised
   * @param progress receives the number of elements of each tensor that is written
   * @throws UserError if the model is not supported, has values that are not finite, or that the
   *     dtype can't hold, or the disk refuses
   */
  public static Result run(Path from, Path out, SaveOptions options, LongConsumer progress) {
    try (SavedModel model = SavedModel.open(from)) {
      return run(model, out, options, progress);
    }
  }

  /** Dequantises an open model. */
  public static Result run(SavedModel model, Path out, SaveOptions options, LongConsumer progress) {
    AtomicDirectory.requireFree(out);
    DType dtype = options.format().orElse(model.dtype());
    Map<String, TensorSource> tensors = new LinkedHashMap<>();
    model
        .tensors()
        .forEach(
            (name, source) ->
                tensors.put(
                    name,
                    new TensorSource(
                        dtype, source.shape(), () -> rounded(name, source, dtype, progress))));
    AtomicDirectory.write(
        out,
        directory -> {
          CheckpointWriter writer =
              new CheckpointWriter(
                  directory, tensors, options.maxShardBytes(), Map.of("format", "pt"));
          writer.writeWeights();
          model.files().copyTokenizerTo(directory);
          writer.writeConfig(CheckpointWriter.withDType(model.config().json(), dtype));
        });
    long parameters = tensors.values().stream().mapToLong(TensorSource::elements).sum();
    return new Result(tensors.size(), dtype, parameters, CheckpointFiles.bytes(out));
  }

  private static Tensor rounded(
      String name, TensorSource source, DType dtype, LongConsumer progress) {
    Tensor written = source.value().get().to(dtype.torch());
    if (!FiniteValues.areIn(written)) {
      throw new UserError(
          "%s has values that %s can't hold; use bfloat16 or float32"
              .formatted(name, CheckpointWriter.torchName(dtype)));
    }
    progress.accept(source.elements());
    return written;
  }
}
