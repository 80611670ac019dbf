package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.MergeOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.merge.MergeSummary;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.BiFunction;

/** Runs a merge or its inverse with a progress bar, and shows the changes. */
record MergeRun(MergeOptions options, Path model) {

  /** Runs the job, given its output path, and prints its summary. */
  void run(String label, BiFunction<MergeJob, Path, MergeSummary> work) {
    MergeSummary summary;
    try (Progress progress = new Progress(label, Unit.BYTES, bytes())) {
      MergeJob job = options.job(model).reportingTo(progress::add);
      summary = work.apply(job, options.out());
    }
    options.output().show(root -> fill(root, summary), to -> print(to, summary));
  }

  private long bytes() {
    if (GgufModel.isAt(model)) {
      try (GgufModel file = GgufModel.open(model)) {
        return file.parameters() * Float.BYTES; // merged in float32
      }
    }
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      return checkpoint.bytes();
    }
  }

  private void print(PrintStream to, MergeSummary summary) {
    TextTable table =
        new TextTable("tensor", "largest change", "‖ΔW‖/‖W‖", "largest rounding", "lost");
    for (MergeSummary.Change change : summary.changes()) {
      table.row(
          change.tensor(),
          NumberFormats.tiny(change.largest()),
          NumberFormats.tiny(change.relative()),
          NumberFormats.tiny(change.rounding()),
          NumberFormats.percent(change.lost()));
    }
    table.print(to);
    summary.notes().forEach(note -> to.println("Note: " + note));
    to.printf(
        "Changed %s of %s tensors; wrote %s to %s%n",
        NumberFormats.count(summary.changes().size()),
        NumberFormats.count(summary.tensors()),
        NumberFormats.bytes(summary.bytes()),
        options.out());
  }

  private void fill(ObjectNode root, MergeSummary summary) {
    for (MergeSummary.Change change : summary.changes()) {
      ObjectNode node = root.withArray("changes").addObject();
      node.put("tensor", change.tensor());
      node.put("largest", change.largest());
      node.put("relative", change.relative());
      node.put("rounding", change.rounding());
      node.put("lost", change.lost());
    }
    root.put("tensors", summary.tensors());
    root.put("bytes", summary.bytes());
    summary.notes().forEach(root.putArray("notes")::add);
    root.put("out", options.out().toString());
  }
}
