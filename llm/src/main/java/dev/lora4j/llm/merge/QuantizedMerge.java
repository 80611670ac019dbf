package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.BitsAndBytesExport;
import dev.lora4j.llm.export.DenseExport;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.export.SavedModel;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.lora.format.AdapterSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Merging from and to quantised files. The values that the base stands for, and those merged, are
 * in temporary float32 directories beside the output, so that each value is rounded once; then the
 * output is compared with them.
 */
final class QuantizedMerge {
  private final MergeJob job;
  private final ModelFiles files; // whose header is read once

  private QuantizedMerge(MergeJob job) {
    this.job = job;
    files = ModelFiles.at(job.base());
  }

  /** Writes the output from the merged model in float32, given the base, and returns a warning. */
  @FunctionalInterface
  private interface Output {
    Optional<String> write(SavedModel base, Path merged);
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
    return new QuantizedMerge(job).toDirectory(out);
  }

  private MergeSummary toDirectory(Path out) {
    job.adapters().forEach(AdapterSummary::read);
    try (ScratchDirectory scratch = ScratchDirectory.beside(out);
        SavedModel model = SavedModel.open(files)) {
      Path base = toFloat32(model, scratch);
      MergeJob dense = job.of(base).as(job.dtype().orElse(model.dtype()));
      MergeSummary summary = new Merger(dense, MergeJob.Direction.IN).write(out);
      return model.weights().quantization().isPresent() ? withLogits(summary, out) : summary;
    }
  }

  /** Merges any base into a GGUF file. */
  static MergeSummary toGguf(MergeJob job, Path out, GgmlType type) {
    GgufExport.requireFree(out);
    type.requireWritten();
    requireDirectory(job.base());
    return new QuantizedMerge(job)
        .through(
            out,
            (model, merged) -> GgufExport.run(merged, out, type).warning(),
            type.isQuantized());
  }

  /** Merges any base into a directory that is quantised by bitsandbytes. */
  static MergeSummary toBitsAndBytes(MergeJob job, Path out, Quantization to) {
    AtomicDirectory.requireFree(out);
    requireDirectory(job.base());
    return new QuantizedMerge(job)
        .through(
            out,
            (model, merged) -> {
              DType dense = job.dtype().orElse(model.dtype());
              SaveOptions options = new SaveOptions(Optional.of(dense), job.maxShardBytes());
              BitsAndBytesExport.run(merged, out, to, options, elements -> {});
              return Optional.empty();
            },
            true);
  }

  /** Merges in float32, writes the output, and compares it with the exact values. */
  private MergeSummary through(Path out, Output output, boolean quantized) {
    job.adapters().forEach(AdapterSummary::read);
    try (ScratchDirectory scratch = ScratchDirectory.beside(out);
        SavedModel model = SavedModel.open(files)) {
      Path base = isBase(job.base()) ? toFloat32(model, scratch) : job.base();
      Path merged = scratch.path().resolve("merged");
      MergeSummary summary =
          new Merger(job.of(base).as(DType.F32), MergeJob.Direction.IN).write(merged);
      List<String> notes = new ArrayList<>(summary.notes());
      output.write(model, merged).ifPresent(notes::add);
      MergeSummary measured =
          new MergeSummary(
              WrittenChanges.of(base, merged, out),
              summary.tensors(),
              CheckpointFiles.bytes(out),
              notes);
      boolean rounds = quantized || model.weights().quantization().isPresent();
      return rounds ? withLogits(measured, out) : measured;
    }
  }

  private Path toFloat32(SavedModel model, ScratchDirectory scratch) {
    Path base = scratch.path().resolve("base");
    SaveOptions exact = new SaveOptions(Optional.of(DType.F32), job.maxShardBytes());
    DenseExport.run(model, base, exact, elements -> {});
    return base;
  }

  /** Refuses a base that can't be exported before any time is spent on merging it. */
  private static void requireDirectory(Path base) {
    if (!GgufModel.isAt(base) && !Files.isDirectory(base)) {
      throw new UserError(
          base
              + " is a file; a GGUF file or a quantised directory needs config.json and tokenizer"
              + " too: give the model's directory");
    }
  }

  private MergeSummary withLogits(MergeSummary summary, Path out) {
    List<String> notes = new ArrayList<>(summary.notes());
    Optional<LogitReceipt> logits = Optional.empty();
    try {
      List<String> texts = job.samples().isEmpty() ? LogitReceipt.SAMPLES : job.samples();
      logits = Optional.of(LogitReceipt.measure(files, job, out, texts));
    } catch (UserError e) {
      notes.add("no logits were compared: " + e.getMessage());
    }
    return new MergeSummary(summary.changes(), summary.tensors(), summary.bytes(), notes, logits);
  }
}
