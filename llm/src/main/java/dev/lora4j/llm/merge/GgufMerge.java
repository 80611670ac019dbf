package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.lora.format.AdapterSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Merging with GGUF files, through a temporary float32 directory, so that values round once. */
final class GgufMerge {
  private GgufMerge() {}

  static MergeSummary fromGguf(MergeJob job, Path out) {
    CheckpointOutput.requireFree(out);
    job.adapters().forEach(AdapterSummary::read);
    try (ScratchDirectory scratch = ScratchDirectory.beside(out)) {
      Path base = scratch.path().resolve("base");
      DType format = toFloat32(job, base);
      return new Merger(job.of(base).as(format), MergeJob.Direction.IN).write(out);
    }
  }

  /** Converts the base to float32 and returns the dtype that the result is to have. */
  private static DType toFloat32(MergeJob job, Path out) {
    try (GgufModel model = GgufModel.open(job.base())) {
      SaveOptions exact = new SaveOptions(Optional.of(DType.F32), job.maxShardBytes());
      GgufConversion.run(model, out, exact, bytes -> {});
      return job.dtype().orElseGet(() -> GgufConversion.formatOf(model));
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
      return new MergeSummary(
          summary.changes(), summary.tensors(), CheckpointFiles.bytes(out), notes);
    }
  }

  /** Refuses a base that can't be exported before any time is spent on merging it. */
  private static void requireDirectory(Path base) {
    if (!Files.isDirectory(base)) {
      throw new UserError(
          base
              + " is a file; a GGUF file needs config.json and tokenizer too: give the model's"
              + " directory");
    }
    ModelFamily.of(JsonDocument.read(base.resolve(ModelConfig.FILE)));
  }
}
