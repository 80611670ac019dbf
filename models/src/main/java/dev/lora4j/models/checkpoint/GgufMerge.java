package dev.lora4j.models.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.lora.AdapterSummary;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.ModelFamily;
import dev.lora4j.models.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Merging where the base, the result or both are GGUF files: by way of float32 in a directory
 * beside the result, so that each number is rounded once, when it is written for good.
 */
final class GgufMerge {
  private GgufMerge() {}

  static MergeSummary fromGguf(MergeJob job, Path out) {
    CheckpointOutput.requireFree(out);
    job.adapters().forEach(AdapterSummary::read);
    DType format = job.dtype().orElseGet(() -> usualFormat(job.base()));
    try (ScratchDirectory scratch = ScratchDirectory.beside(out)) {
      Path base = scratch.path().resolve("base");
      SaveOptions exact = new SaveOptions(Optional.of(DType.F32), job.maxShardBytes());
      GgufConversion.run(job.base(), base, exact, bytes -> {});
      return new Merger(job.of(base).as(format), MergeJob.Direction.IN).write(out);
    }
  }

  private static DType usualFormat(Path gguf) {
    try (GgufModel model = GgufModel.open(gguf)) {
      return GgufConversion.formatOf(model);
    }
  }

  static MergeSummary toGguf(MergeJob job, Path out, GgmlType type) {
    GgufExport.requireFree(out);
    type.requireWritten();
    if (!GgufModel.isAt(job.base())) {
      requireDirectory(job.base());
    }
    try (ScratchDirectory scratch = ScratchDirectory.beside(out)) {
      Path merged = scratch.path().resolve("merged");
      MergeSummary summary = job.as(DType.F32).merge(merged);
      GgufExport.run(merged, out, type);
      List<String> notes = new ArrayList<>(summary.notes());
      if (type != GgmlType.F32) {
        notes.add("changes were measured in F32; the file's matrices are " + type);
      }
      return new MergeSummary(summary.changes(), summary.tensors(), size(out), notes);
    }
  }

  /** Before hours are spent on what can't be written in the end. */
  private static void requireDirectory(Path base) {
    if (!Files.isDirectory(base)) {
      throw new UserError(
          base
              + " is a file; a GGUF file needs config.json and tokenizer too: give the model's"
              + " directory");
    }
    ModelFamily.of(ConfigFields.read(base.resolve(CheckpointWriter.CONFIG)));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }
}
