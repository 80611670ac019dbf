package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.MergeOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.merge.MergeSummary;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Runs a merge or its inverse with a progress bar, and shows the changes. */
record MergeRun(MergeOptions options, Path model) {

  /** Runs the job, given its output path, and prints its summary. */
  void run(String label, BiFunction<MergeJob, Path, MergeSummary> work) {
    List<Progress> bars = new ArrayList<>();
    MergeJob job =
        options
            .job(model)
            .reportingTo(
                total -> {
                  Progress bar = new Progress(label, Unit.BYTES, total);
                  bars.add(bar);
                  return bar::add;
                });
    MergeSummary summary;
    try {
      summary = work.apply(job, options.out());
    } finally {
      bars.forEach(Progress::close);
    }
    options.output().show(root -> fill(root, summary), to -> print(to, summary));
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
