package dev.lora4j.cli.train;

import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.RunResult;
import java.io.PrintStream;

/** The lines about a run that are the same for every kind of model. */
record TrainingSummary(PrintStream log, TuningReport report) {

  static void trainable(PrintStream log, Summary listing, String targets) {
    log.printf(
        "Trainable parameters: %,d of %,d (%.2f %%), %s%n",
        listing.trainable(), listing.total(), listing.percentTrainable(), targets);
  }

  void loss() {
    RunResult run = report.tuning();
    if (report.isEvaluated()) {
      log.printf(
          "%nValidation loss: %.4f → %.4f after %,d of %,d steps%n",
          run.validLossBefore().getAsDouble(),
          run.validLossAfter().getAsDouble(),
          run.adapterStep(),
          run.steps());
    }
  }

  void speed(String rate) {
    RunResult run = report.tuning();
    log.printf(
        "%s steps in %s: %s%s%n",
        NumberFormats.count(run.steps()),
        NumberFormats.exactTime(run.duration()),
        rate,
        report.peakMegabytes().isPresent() ? ", peak memory " + report.peakMemory() : "");
    if (run.end() == RunResult.End.EARLY) {
      log.println("Stopped early: the last evaluations brought no improvement.");
    }
  }

  void saved() {
    RunResult run = report.tuning();
    log.printf(
        "%nSaved the adapter to %s, %s%n",
        run.directory(), NumberFormats.bytes(run.adapterBytes()));
  }
}
