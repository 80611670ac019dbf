package dev.lora4j.cli.train;

import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.LanguageOptions;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.Interruption;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.ProcessMemory;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.recipe.TrainingData;
import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.TrainingCallback;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Trains an adapter for a language model by a recipe, and shows the result. */
public final class LanguageTraining implements AutoCloseable {
  /** The file in the output directory that holds the options of the run. */
  public static final String CONFIG = "run.yaml";

  private static final String SAVED = "saved";

  private final Request wish;
  private final PrintStream story;
  private final LastCheckpoint kept;
  private final FineTuneRun run;

  /**
   * A training request.
   *
   * @param given all options of the run by name, defaults included
   */
  public record Request(
      TrainPaths places,
      AdapterOptions adapter,
      TrainingOptions training,
      LanguageOptions language,
      Map<String, Object> given) {}

  private LanguageTraining(Request wish, PrintStream story) {
    this.wish = wish;
    this.story = story;
    kept = new LastCheckpoint(wish.places().out());
    run = recipe().open(wish.places().out());
  }

  public static LanguageResult run(Request wish, PrintStream story) {
    try (LanguageTraining training = new LanguageTraining(wish, story)) {
      return training.run();
    }
  }

  private FineTuneRecipe recipe() {
    TrainPaths places = wish.places();
    LanguageOptions language = wish.language();
    FineTuneRecipe recipe =
        FineTuneRecipe.of(places.model())
            .directory(References.resolve(places.model()))
            .data(places.data())
            .validFraction(language.validFraction())
            .lora(wish.adapter().config(defaultAlpha()))
            .settings(longest -> language.settings(wish.training(), longest))
            .seed(wish.training().seed())
            .workers(wish.training().workers())
            .device(places.device())
            .log(story::println);
    language.valid().ifPresent(recipe::valid);
    language.system().ifPresent(recipe::system);
    language.applyObjective(recipe);
    return language.resume() ? recipe.resume() : recipe;
  }

  // ---- the run ----

  private LanguageResult run() {
    LanguageModel network = run.network();
    TrainingData data = run.data();
    int[] prompt =
        BeforeAfterSample.prompt(
            wish.language().sample(),
            data.first(),
            run.tokenizer(),
            data.isPlainText() ? Optional.empty() : run.template());
    BeforeAfterSample.requireReadable(network, prompt); // fail before hours of training
    Summary listing = Summary.of(network);
    story.printf(
        "Trainable parameters: %,d of %,d (%.2f %%), %s%n",
        listing.trainable(),
        listing.total(),
        listing.percentTrainable(),
        wish.adapter().config(defaultAlpha()).targets().describe());
    run.record(options(run.settings()));
    LanguageModelTrainingResult tuning = tune();
    LanguageResult result =
        new LanguageResult(
            tuning, listing, ProcessMemory.peakMegabytes(), wall(), kept.resumedFrom());
    BeforeAfterSample sampled = sampled(prompt, run.adapted(), tuning);
    print(result, sampled);
    report(result, data, sampled);
    return result;
  }

  private double defaultAlpha() {
    return FineTuneRecipe.defaultAlpha(wish.adapter().rank());
  }

  private LanguageModelTrainingResult tune() {
    try (Interruption interruption = interruption();
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      TrainingCallback checkpoints =
          new TrainingCallback() {
            @Override
            public void onCheckpoint(Path checkpoint) {
              interruption.savedInstead(checkpoint);
            }
          };
      return kept.guard(() -> run.train(TrainingCallback.all(checkpoints, kept, bar)));
    }
  }

  private Interruption interruption() {
    return new Interruption(
        System.err, "; resume with: lora train --resume --out " + wish.places().out());
  }

  /** All options, with defaults resolved and paths absolute. */
  private Map<String, Object> options(TrainingArguments settings) {
    Map<String, Object> options = new TreeMap<>();
    wish.given()
        .forEach(
            (name, value) ->
                options.put(name, value instanceof Path path ? path.toAbsolutePath() : value));
    Path model = Path.of(wish.places().model());
    if (Files.exists(model)) {
      options.put("model", model.toAbsolutePath());
    }
    options.put("alpha", wish.adapter().config(defaultAlpha()).alpha());
    options.put("batch-size", settings.batching().batchSize());
    options.put("learning-rate", settings.optimizer().learningRate());
    options.put("max-seq-length", settings.batching().maxSeqLength());
    if (!options.containsKey("steps")) {
      options.put("epochs", wish.training().epochs().orElse(1));
    }
    if (!options.containsKey("validation-data")) {
      options.put("validation-split", wish.language().validFraction());
    }
    return options;
  }

  /** Activates the adapter saved in the directory, if it is not the last one trained. */
  private static void useSaved(LoraModel model, LanguageModelTrainingResult tuning) {
    if (tuning.adapterStep() != tuning.steps()) {
      model.load(SAVED, tuning.directory());
      model.activate(SAVED);
    }
  }

  /** Text before and after; with the adapter inactive, the model is the base. */
  private BeforeAfterSample sampled(
      int[] prompt, LoraModel model, LanguageModelTrainingResult tuning) {
    List<String> adapter = model.active();
    model.activate();
    String before = written(BeforeAfterSample.NEW_TOKENS, prompt);
    model.activate(adapter.toArray(String[]::new));
    useSaved(model, tuning);
    return new BeforeAfterSample(
        run.tokenizer().decode(prompt), before, written(BeforeAfterSample.NEW_TOKENS, prompt));
  }

  private String written(int tokens, int... prompt) {
    return BeforeAfterSample.written(
        run.network(), run.tokenizer(), prompt, tokens, wish.training().workers());
  }

  private void print(LanguageResult result, BeforeAfterSample sampled) {
    LanguageModelTrainingResult tuning = result.tuning();
    if (tuning.validLossBefore().isPresent() && tuning.validLossAfter().isPresent()) {
      story.printf(
          "%nValidation loss: %.4f → %.4f after %,d of %,d steps%n",
          tuning.validLossBefore().getAsDouble(),
          tuning.validLossAfter().getAsDouble(),
          tuning.adapterStep(),
          tuning.steps());
    }
    story.printf(
        "%s in %s: %s tokens/s%s%n",
        NumberFormats.count(tuning.steps()) + " steps",
        NumberFormats.exactTime(tuning.duration()),
        NumberFormats.rate(tuning.tokensPerSecond()),
        result.peakMegabytes().isPresent()
            ? ", peak memory " + NumberFormats.count(result.peakMegabytes().getAsLong()) + " MB"
            : "");
    if (tuning.end() == LanguageModelTrainingResult.End.EARLY) {
      story.println("Stopped early: the last evaluations brought no improvement.");
    }
    printText("Prompt", sampled.prompt());
    printText("Base model", sampled.before());
    printText("With the adapter", sampled.after());
    story.printf(
        "%nSaved the adapter to %s," + " %s%n",
        tuning.directory(), NumberFormats.bytes(tuning.adapterBytes()));
  }

  private void printText(String title, String text) {
    String shown = text.isBlank() ? "(blank)" : text.strip();
    story.printf("%n%s:%n%s", title, shown.indent(2));
  }

  private void report(LanguageResult result, TrainingData data, BeforeAfterSample sampled) {
    TuningReport report =
        new TuningReport(
            wish.places().model(),
            data.description(),
            result.tuning(),
            result.listing(),
            RunCurves.read(wish.places().out()),
            new TuningReport.Texts(sampled.prompt(), sampled.before(), sampled.after()),
            result.peakMegabytes(),
            "lora train --config " + wish.places().out().resolve(CONFIG) + " --out DIR",
            Versions.all());
    ReportWriter.write(wish.places().out(), report).warnings().forEach(story::println);
    story.println("Report: " + wish.places().out().resolve("report.html"));
  }

  private static Duration wall() {
    Instant start = ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
    return Duration.between(start, Instant.now());
  }

  @Override
  public void close() {
    run.close();
  }
}
