package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.BitsAndBytesExport;
import dev.lora4j.llm.export.DenseExport;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.lora.format.AdapterSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Merging from and to quantised files. The values that the base stands for, and those merged, are in
 * temporary float32 directories beside the output, so that each value is rounded once; then the
 * output is compared with them.
 */
final class QuantizedMerge {
  private final MergeJob job;

  private QuantizedMerge(MergeJob job) {
    this.job = job;
  }

  /** Writes the output from the merged model in float32. */
  @FunctionalInterface
  private interface Output {
    void write(Path merged);
  }

  /** Returns whether a base is quantised, in a GGUF file or by bitsandbytes. */
  static boolean isBase(Path base) {
    return GgufModel.isAt(base) || configOf(base).flatMap(BitsAndBytesConfig::in).isPresent();
  }

  private static Optional<JsonDocument> configOf(Path base) {
    Path file = base.resolve(ModelConfig.FILE);
    return Files.isRegularFile(file) ? Optional.of(JsonDocument.read(file)) : Optional.empty();
  }

  /** Merges a quantised base into a dense directory. */
  static MergeSummary toDirectory(MergeJob job, Path out) {
    CheckpointOutput.requireFree(out);
    job.adapters().forEach(AdapterSummary::read);
    try (ScratchDirectory scratch = ScratchDirectory.beside(out)) {
      Path base = toFloat32(job, scratch.path().resolve("base"));
      DType format = job.dtype().orElseGet(() -> dtypeOf(job.base()));
      MergeSummary summary = new Merger(job.of(base).as(format), MergeJob.Direction.IN).write(out);
      return new QuantizedMerge(job).withLogits(summary, out);
    }
  }

  /** Merges any base into a GGUF file. */
  static MergeSummary toGguf(MergeJob job, Path out, GgmlType type) {
    GgufExport.requireFree(out);
    type.requireWritten();
    return new QuantizedMerge(job)
        .throughFloat32(out, merged -> GgufExport.run(merged, out, type), type.isQuantized());
  }

  /** Merges any base into a directory that is quantised by bitsandbytes. */
  static MergeSummary toBitsAndBytes(MergeJob job, Path out, Quantization to) {
    AtomicDirectory.requireFree(out);
    SaveOptions options =
        new SaveOptions(
            Optional.of(job.dtype().orElseGet(() -> dtypeOf(job.base()))), job.maxShardBytes());
    return new QuantizedMerge(job)
        .throughFloat32(
            out, merged -> BitsAndBytesExport.run(merged, out, to, options, n -> {}), true);
  }

  private MergeSummary throughFloat32(Path out, Output output, boolean quantized) {
    if (!GgufModel.isAt(job.base())) {
      requireDirectory(job.base());
    }
    job.adapters().forEach(AdapterSummary::read);
    try (ScratchDirectory scratch = ScratchDirectory.beside(out)) {
      boolean fromQuantized = isBase(job.base());
      Path base =
          fromQuantized ? toFloat32(job, scratch.path().resolve("base")) : job.base();
      Path merged = scratch.path().resolve("merged");
      MergeSummary summary =
          new Merger(job.of(base).as(DType.F32), MergeJob.Direction.IN).write(merged);
      output.write(merged);
      MergeSummary measured =
          new MergeSummary(
              WrittenChanges.of(base, merged, out),
              summary.tensors(),
              CheckpointFiles.bytes(out),
              summary.notes());
      return fromQuantized || quantized ? withLogits(measured, out) : measured;
    }
  }

  private static Path toFloat32(MergeJob job, Path out) {
    SaveOptions exact = new SaveOptions(Optional.of(DType.F32), job.maxShardBytes());
    DenseExport.run(job.base(), out, exact, elements -> {});
    return out;
  }

  private static DType dtypeOf(Path base) {
    if (GgufModel.isAt(base)) {
      try (GgufModel model = GgufModel.open(base)) {
        return model.denseDType();
      }
    }
    JsonDocument config = JsonDocument.read(base.resolve(ModelConfig.FILE));
    try (WeightFile weights = Checkpoint.weights(base, config)) {
      return weights.denseDType();
    }
  }

  /** Refuses a base that can't be exported before any time is spent on merging it. */
  private static void requireDirectory(Path base) {
    if (!Files.isDirectory(base)) {
      throw new UserError(
          base
              + " is a file; a quantised model needs config.json and tokenizer too: give the model's"
              + " directory");
    }
    ModelFamily.of(JsonDocument.read(base.resolve(ModelConfig.FILE)));
  }

  private MergeSummary withLogits(MergeSummary summary, Path out) {
    List<String> notes = new ArrayList<>(summary.notes());
    Optional<LogitReceipt> logits = Optional.empty();
    try {
      List<String> texts = job.samples().isEmpty() ? LogitReceipt.SAMPLES : job.samples();
      logits = Optional.of(LogitReceipt.measure(job, out, texts));
    } catch (UserError e) {
      notes.add("no logits were compared: " + e.getMessage());
    }
    return new MergeSummary(summary.changes(), summary.tensors(), summary.bytes(), notes, logits);
  }
}
