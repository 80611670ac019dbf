package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.InitialAdapterOptions;
import dev.lora4j.cli.options.LanguageOptions;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.RunOutcome;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.recipe.InitialAdapter;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingCallback;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Trains an adapter for a language model by a recipe, and shows the result.
 *
 * @param adapter the options of a new adapter
 * @param initial the adapter to continue instead
 * @param storage how the base's matrices are kept in memory
 * @param given all options of the run by name, defaults included
 * @param bases the base model that the runs of a sweep share
 * @param log receives the messages
 */
public record LanguageTraining(
    TrainPaths paths,
    AdapterOptions adapter,
    Optional<InitialAdapter> initial,
    TrainingOptions training,
    LanguageOptions language,
    WeightStorage storage,
    TextData.Options reading,
    Map<String, Object> given,
    Optional<SharedBase> bases,
    PrintStream log) {
  /** The file in the output directory that holds the options of the run. */
  public static final String CONFIG = RunRecord.OPTIONS;

  /** Returns the error for a run to resume whose options are not recorded. */
  public static UserError noOptions(Path out) {
    String missing = "no run to resume in %s: it has no %s".formatted(out, CONFIG);
    return Files.exists(out.resolve(RunDirectory.RUN))
        ? new UserError(
            missing
                + "; it was killed as it began, or the file was deleted: give all options of the"
                + " run with --resume, --model and --data at least, or delete the directory and"
                + " start again")
        : new UserError(missing);
  }

  /** Trains, and writes the adapter and the report. */
  public TuningReport run() {
    LoraConfig config = config();
    check();
    initial.ifPresent(trained -> log.println("Continuing the adapter " + trained.directory()));
    try (FineTuneRun run = recipe(config).open(paths.out())) {
      SamplePrompt prompt = new SamplePrompt(run, language.sample()); // fails before training
      Summary listing = Summary.of(run.network());
      TrainingSummary.trainable(log, listing, config.targets().describe());
      run.record(options(config, run.settings()));
      TuningReport report = train(run, listing, prompt);
      print(report);
      ReportWriter.write(paths.out(), report).warnings().forEach(log::println);
      log.println("Report: " + paths.out().resolve("report.html"));
      return report;
    }
  }

  private LoraConfig config() {
    return initial
        .map(InitialAdapter::config)
        .orElseGet(() -> adapter.config(FineTuneRecipe.defaultAlpha(adapter.rank())));
  }

  /** Refuses bad options before anything is read. */
  private void check() {
    language.settings(training, Integer.MAX_VALUE);
    if (language.hasClassWeights()) {
      throw new UserError("--class-weights applies to a --task with classes");
    }
  }

  private FineTuneRecipe recipe(LoraConfig config) {
    Path model = References.resolve(paths.model());
    FineTuneRecipe recipe = unresolved(config).directory(model);
    if (!config.initialization().changesBase()) {
      bases.ifPresent(shared -> recipe.base(shared.at(model, storage)));
    }
    return recipe;
  }

  /** Returns the recipe for a run elsewhere, whose base is not looked for. */
  public FineTuneRecipe recipe() {
    check();
    return unresolved(config());
  }

  private FineTuneRecipe unresolved(LoraConfig config) {
    FineTuneRecipe recipe =
        FineTuneRecipe.of(paths.model())
            .data(paths.data())
            .reading(reading)
            .validFraction(language.validFraction(training))
            .storage(storage)
            .lora(config)
            .settings(longest -> language.settings(training, longest))
            .seed(training.seed())
            .workers(training.workers())
            .device(paths.device())
            .log(log::println);
    initial.ifPresent(recipe::adapter);
    language.valid().ifPresent(recipe::valid);
    language.system().ifPresent(recipe::system);
    language.chatTemplate().ifPresent(recipe::chatTemplate);
    language.applyObjective(recipe);
    return training.resume() ? recipe.resume() : recipe;
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

  /** Returns all options of a run elsewhere, with defaults resolved. */
  public Map<String, Object> options(TrainingArguments settings) {
    return options(config(), settings);
  }

  /** Returns all options, with defaults resolved. */
  private Map<String, Object> options(LoraConfig config, TrainingArguments settings) {
    Map<String, Object> options = new TreeMap<>(given);
    if (initial.isPresent()) {
      InitialAdapterOptions.putInto(options, initial.get());
    } else {
      options.put("alpha", config.alpha());
    }
    options.put("batch-size", settings.batching().batchSize());
    options.put("learning-rate", settings.optimizer().learningRate());
    options.put("max-seq-length", settings.batching().maxSeqLength());
    if (!options.containsKey("steps")) {
      options.put("epochs", training.epochs().orElse(1));
    }
    if (!options.containsKey("validation-data")) {
      options.put("validation-split", language.validFraction(training));
    }
    return options;
  }

  private void print(TuningReport report) {
    TrainingSummary summary = new TrainingSummary(log, report);
    RunOutcome.Text text = (RunOutcome.Text) report.outcome();
    summary.loss();
    summary.speed(NumberFormats.rate(text.tokensPerSecond(report.tuning())) + " tokens/s");
    print("Prompt", text.prompt());
    print("Base model", text.before());
    print("With the adapter", text.after());
    summary.saved();
  }

  private void print(String title, String text) {
    log.printf("%n%s:%n%s", title, TuningReport.shown(text).indent(2));
  }
}
