package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.MergeOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.merge.LogitReceipt;
import dev.lora4j.llm.merge.MergeJob;
import dev.lora4j.llm.merge.MergeSummary;
import dev.lora4j.lora.merge.MergeReceipt;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
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
    Instant start = Instant.now();
    try {
      summary = work.apply(job, options.out());
    } finally {
      bars.forEach(Progress::close);
    }
    Duration time = Duration.between(start, Instant.now());
    options.output().show(root -> fill(root, summary), to -> print(to, summary, time));
  }

  private void print(PrintStream to, MergeSummary summary, Duration time) {
    if (options.isVerbose()) {
      printTensors(to, summary);
    }
    summary.changes().stream()
        .max(Comparator.comparingDouble(MergeSummary.Change::largest))
        .ifPresent(change -> printLargest(to, change, summary));
    summary.logits().ifPresent(logits -> print(to, logits));
    summary.notes().forEach(note -> to.println("Note: " + note));
    to.printf(
        "Changed %s of %s tensors; wrote %s to %s in %s%n",
        NumberFormats.count(summary.changes().size()),
        NumberFormats.count(summary.tensors()),
        NumberFormats.bytes(summary.bytes()),
        options.out(),
        NumberFormats.exactTime(time));
  }

  private void printLargest(PrintStream to, MergeSummary.Change change, MergeSummary summary) {
    double lost = summary.changes().stream().mapToDouble(MergeSummary.Change::lost).max().orElse(0);
    to.printf(
        "Largest change %s, in %s; at most %s of a tensor's change is lost to rounding%s%n",
        NumberFormats.tiny(change.largest()),
        change.tensor(),
        NumberFormats.percent(lost).strip(),
        options.isVerbose() ? "" : " (--verbose lists the tensors)");
  }

  private static void print(PrintStream to, LogitReceipt logits) {
    to.printf("Logits on %d sample texts:%n", logits.merge().samples());
    TextTable table =
        new TextTable("change by", "largest", "mean", "KL divergence", "same top-1 token");
    row(table, "merge and rounding", logits.merge());
    row(table, "rounding alone", logits.rounding());
    table.print(to);
  }

  private static void row(TextTable table, String what, MergeReceipt receipt) {
    table.row(
        what,
        NumberFormats.tiny(receipt.largest()),
        NumberFormats.tiny(receipt.mean()),
        NumberFormats.tiny(receipt.divergence()),
        NumberFormats.percent(receipt.agreement()));
  }

  private static void printTensors(PrintStream to, MergeSummary summary) {
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
    summary
        .logits()
        .ifPresent(
            logits -> {
              ObjectNode node = root.putObject("logits");
              fill(node.putObject("merge"), logits.merge());
              fill(node.putObject("rounding"), logits.rounding());
            });
    root.put("tensors", summary.tensors());
    root.put("bytes", summary.bytes());
    summary.notes().forEach(root.putArray("notes")::add);
    root.put("out", options.out().toString());
  }

  private static void fill(ObjectNode node, MergeReceipt receipt) {
    node.put("samples", receipt.samples());
    node.put("largest", receipt.largest());
    node.put("mean", receipt.mean());
    node.put("divergence", receipt.divergence());
    node.put("agreement", receipt.agreement());
  }
}
