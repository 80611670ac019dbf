package dev.lora4j.cli.train;

import dev.lora4j.cli.options.InitialAdapterOptions;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.RunOutcome;
import dev.lora4j.cli.report.TaskFigures;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.InitialAdapter;
import dev.lora4j.llm.recipe.TaskRun;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.score.Calibration;
import dev.lora4j.llm.task.score.TaskScore;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.TrainingCallback;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Trains an adapter for a task on texts by a recipe, and shows the result.
 *
 * @param classes names of the outputs; empty for those of the data
 * @param common the options that tasks share with text generation
 */
record TaskTraining(TextTask task, List<String> classes, LanguageTraining common) {

  /** Trains, and writes the adapter and the report. */
  public TuningReport run() {
    LoraConfig config =
        common
            .initial()
            .map(InitialAdapter::config)
            .orElseGet(
                () ->
                    common.adapter().config(FineTuneRecipe.defaultAlpha(common.adapter().rank())));
    common
        .language()
        .taskSettings(common.training(), Integer.MAX_VALUE); // refuses bad options early
    common
        .initial()
        .ifPresent(
            trained -> common.log().println("Continuing the adapter " + trained.directory()));
    try (TaskRun run = recipe(config).openTask(common.paths().out())) {
      Summary listing = Summary.of(run.network());
      TrainingSummary.trainable(common.log(), listing, config.targets().describe());
      run.record(options(config, run.settings()));
      TuningReport report = train(run, listing);
      print(report);
      ReportWriter.write(common.paths().out(), report).warnings().forEach(common.log()::println);
      common.log().println("Report: " + common.paths().out().resolve("report.html"));
      return report;
    }
  }

  private FineTuneRecipe recipe(LoraConfig config) {
    FineTuneRecipe recipe =
        FineTuneRecipe.of(common.paths().model())
            .task(task)
            .directory(References.resolve(common.paths().model()))
            .data(common.paths().data())
            .reading(common.reading())
            .validFraction(common.language().taskValidFraction(common.training()))
            .storage(common.storage())
            .lora(config)
            .losses(common.language().losses())
            .settings(longest -> common.language().taskSettings(common.training(), longest))
            .seed(common.training().seed())
            .workers(common.training().workers())
            .device(common.paths().device())
            .log(common.log()::println);
    if (!classes.isEmpty()) {
      recipe.labels(classes);
    }
    common.initial().ifPresent(recipe::adapter);
    common.language().valid().ifPresent(recipe::valid);
    return common.training().resume() ? recipe.resume() : recipe;
  }

  private TuningReport train(TaskRun run, Summary listing) {
    TaskRun.Result result;
    long resumedFrom;
    try (LastCheckpoint checkpoint = new LastCheckpoint(common.paths().out());
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      result = checkpoint.guard(() -> run.train(TrainingCallback.all(checkpoint, bar)));
      resumedFrom = checkpoint.resumedFrom();
    }
    return new TuningReport(
        common.paths().model(),
        run.description(),
        result.training(),
        resumedFrom,
        listing,
        RunCurves.read(common.paths().out()),
        new RunOutcome.OfTask(result),
        ProcessStats.peakMegabytes(),
        ProcessStats.elapsed(),
        "lora train --config "
            + common.paths().out().resolve(LanguageTraining.CONFIG)
            + " --out DIR");
  }

  /** Returns all options, with defaults resolved. */
  private Map<String, Object> options(LoraConfig config, TrainingArguments settings) {
    Map<String, Object> options = new TreeMap<>(common.given());
    if (common.initial().isPresent()) {
      InitialAdapterOptions.putInto(options, common.initial().get());
    } else {
      options.put("alpha", config.alpha());
    }
    options.put("batch-size", settings.batching().batchSize());
    options.put("learning-rate", settings.optimizer().learningRate());
    options.put("max-seq-length", settings.batching().maxSeqLength());
    if (!options.containsKey("steps")) {
      options.put("epochs", common.training().epochs().orElse(FineTuneRecipe.TASK_EPOCHS));
    }
    if (!options.containsKey("validation-data")) {
      options.put("validation-split", common.language().taskValidFraction(common.training()));
    }
    return options;
  }

  private void print(TuningReport report) {
    TrainingSummary summary = new TrainingSummary(common.log(), report);
    TaskRun.Result result = ((RunOutcome.OfTask) report.outcome()).result();
    summary.loss();
    summary.speed(NumberFormats.rate(result.training().tokensPerSecond()) + " tokens/s");
    result.after().ifPresent(after -> print(result, after));
    Calibration fitted = result.calibration();
    if (fitted.examples() > 0) {
      common
          .log()
          .printf(
              "Calibration: temperature %s, expected calibration error %s → %s%n",
              NumberFormats.format("%.3f", fitted.temperature()),
              NumberFormats.format("%.4f", fitted.errorBefore()),
              NumberFormats.format("%.4f", fitted.errorAfter()));
    }
    summary.saved();
  }

  private void print(TaskRun.Result result, TaskScore after) {
    Map<String, String> before = result.before().map(TaskFigures::of).orElse(Map.of());
    common.log().printf("%nValidation examples, untrained and with the adapter%n");
    TaskFigures.of(after)
        .forEach(
            (name, figure) ->
                common
                    .log()
                    .printf("  %-18s %s → %s%n", name, before.getOrDefault(name, "–"), figure));
    result
        .baseline()
        .ifPresent(
            accuracy ->
                common
                    .log()
                    .printf(
                        "  %-18s %s accuracy, nearest class mean of the frozen base's vectors%n",
                        "baseline", NumberFormats.format("%.1f %%", 100 * accuracy)));
  }
}
