package dev.lora4j.cli.train;

import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.LanguageOptions;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.TrainingCallback;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Trains an adapter for a language model by a recipe, and shows the result.
 *
 * @param given all options of the run by name, defaults included
 * @param log receives the messages
 */
public record LanguageTraining(
    TrainPaths paths,
    AdapterOptions adapter,
    TrainingOptions training,
    LanguageOptions language,
    TextData.Options reading,
    Map<String, Object> given,
    PrintStream log) {
  /** The file in the output directory that holds the options of the run. */
  public static final String CONFIG = "run.yaml";

  /** Trains, and writes the adapter and the report. */
  public TuningReport run() {
    LoraConfig config = adapter.config(FineTuneRecipe.defaultAlpha(adapter.rank()));
    try (FineTuneRun run = recipe(config).open(paths.out())) {
      SamplePrompt prompt = new SamplePrompt(run, language.sample()); // fails before training
      Summary listing = Summary.of(run.network());
      log.printf(
          "Trainable parameters: %,d of %,d (%.2f %%), %s%n",
          listing.trainable(),
          listing.total(),
          listing.percentTrainable(),
          config.targets().describe());
      run.record(options(config, run.settings()));
      TuningReport report = train(run, listing, prompt);
      print(report);
      ReportWriter.write(paths.out(), report).warnings().forEach(log::println);
      log.println("Report: " + paths.out().resolve("report.html"));
      return report;
    }
  }

  private FineTuneRecipe recipe(LoraConfig config) {
    FineTuneRecipe recipe =
        FineTuneRecipe.of(paths.model())
            .directory(References.resolve(paths.model()))
            .data(paths.data())
            .reading(reading)
            .validFraction(language.validFraction())
            .lora(config)
            .settings(longest -> language.settings(training, longest))
            .seed(training.seed())
            .workers(training.workers())
            .device(paths.device())
            .log(log::println);
    language.valid().ifPresent(recipe::valid);
    language.system().ifPresent(recipe::system);
    language.chatTemplate().ifPresent(recipe::chatTemplate);
    language.applyObjective(recipe);
    return language.resume() ? recipe.resume() : recipe;
  }

  private TuningReport train(FineTuneRun run, Summary listing, SamplePrompt prompt) {
    LanguageModelTrainingResult tuning;
    long resumedFrom;
    try (LastCheckpoint checkpoint = new LastCheckpoint(paths.out());
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      tuning = checkpoint.guard(() -> run.train(TrainingCallback.all(checkpoint, bar)));
      resumedFrom = checkpoint.resumedFrom();
    }
    OptionalLong peakMegabytes = ProcessStats.peakMegabytes();
    Duration wall = ProcessStats.elapsed();
    return new TuningReport(
        paths.model(),
        run.data().description(),
        tuning,
        resumedFrom,
        listing,
        RunCurves.read(paths.out()),
        prompt.decode(tuning, training.workers()),
        peakMegabytes,
        wall,
        "lora train --config " + paths.out().resolve(CONFIG) + " --out DIR");
  }

  /** Returns all options, with defaults resolved and paths absolute. */
  private Map<String, Object> options(LoraConfig config, TrainingArguments settings) {
    Map<String, Object> options = new TreeMap<>(given);
    options.replaceAll((name, value) -> value instanceof Path p ? p.toAbsolutePath() : value);
    Path model = Path.of(paths.model());
    if (Files.exists(model)) {
      options.put("model", model.toAbsolutePath());
    }
    options.put("alpha", config.alpha());
    options.put("batch-size", settings.batching().batchSize());
    options.put("learning-rate", settings.optimizer().learningRate());
    options.put("max-seq-length", settings.batching().maxSeqLength());
    if (!options.containsKey("steps")) {
      options.put("epochs", training.epochs().orElse(1));
    }
    if (!options.containsKey("validation-data")) {
      options.put("validation-split", language.validFraction());
    }
    return options;
  }

  private void print(TuningReport report) {
    LanguageModelTrainingResult tuning = report.tuning();
    if (report.isEvaluated()) {
      log.printf(
          "%nValidation loss: %.4f → %.4f after %,d of %,d steps%n",
          tuning.validLossBefore().getAsDouble(),
          tuning.validLossAfter().getAsDouble(),
          tuning.adapterStep(),
          tuning.steps());
    }
    log.printf(
        "%s steps in %s: %s tokens/s%s%n",
        NumberFormats.count(tuning.steps()),
        NumberFormats.exactTime(tuning.duration()),
        NumberFormats.rate(tuning.tokensPerSecond()),
        report.peakMegabytes().isPresent() ? ", peak memory " + report.peakMemory() : "");
    if (tuning.end() == LanguageModelTrainingResult.End.EARLY) {
      log.println("Stopped early: the last evaluations brought no improvement.");
    }
    print("Prompt", report.sample().prompt());
    print("Base model", report.sample().before());
    print("With the adapter", report.sample().after());
    log.printf(
        "%nSaved the adapter to %s, %s%n",
        tuning.directory(), NumberFormats.bytes(tuning.adapterBytes()));
  }

  private void print(String title, String text) {
    String shown = text.isBlank() ? "(blank)" : text.strip();
    log.printf("%n%s:%n%s", title, shown.indent(2));
  }
}
