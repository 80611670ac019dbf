package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.report.TuningReportWriter;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.metrics.RunCurves;
import dev.lora4j.models.training.FineTuneRecipe;
import dev.lora4j.models.training.FineTuneRun;
import dev.lora4j.models.training.TrainingData;
import dev.lora4j.models.training.TuningResult;
import dev.lora4j.models.training.TuningSettings;
import dev.lora4j.models.training.Versions;
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

/** Trains an adapter of a language model by a recipe, and shows the result. */
final class LanguageTraining implements AutoCloseable {
  /** The options of a run, in its directory. */
  static final String CONFIG = "run.yaml";

  private static final String SAVED = "saved";

  private final Wish wish;
  private final PrintStream story;
  private final Kept kept;
  private final FineTuneRun run;

  /**
   * The request.
   *
   * @param given all options of the run by name, including defaults
   */
  record Wish(
      Places places,
      AdapterOptions adapter,
      TrainingOptions training,
      LanguageOptions language,
      Map<String, Object> given) {}

  private LanguageTraining(Wish wish, PrintStream story) {
    this.wish = wish;
    this.story = story;
    kept = new Kept(wish.places().out());
    run = recipe().open(wish.places().out());
  }

  static LanguageResult run(Wish wish, PrintStream story) {
    try (LanguageTraining training = new LanguageTraining(wish, story)) {
      return training.run();
    }
  }

  private FineTuneRecipe recipe() {
    Places places = wish.places();
    LanguageOptions language = wish.language();
    FineTuneRecipe recipe =
        FineTuneRecipe.of(places.model())
            .directory(References.resolve(places.model()))
            .data(places.data())
            .validFraction(language.validFraction())
            .lora(wish.adapter().config(usualAlpha()))
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
        Sampled.prompt(
            wish.language().sample(),
            data.first(),
            run.tokenizer(),
            data.isPlainText() ? Optional.empty() : run.template());
    Sampled.requireReadable(network, prompt); // an error comes before hours of training
    Summary listing = Summary.of(network);
    story.printf(
        "%,d of %,d numbers are trained, %s%n",
        listing.trainable(),
        listing.total(),
        wish.adapter().config(usualAlpha()).targets().describe());
    run.record(options(run.settings()));
    TuningResult tuning = tune();
    LanguageResult result =
        new LanguageResult(
            tuning, listing, ProcessMemory.peakMegabytes(), wall(), kept.resumedFrom());
    Sampled sampled = sampled(prompt, run.adapted(), tuning);
    tell(result, sampled);
    report(result, data, sampled);
    return result;
  }

  private double usualAlpha() {
    return 2.0 * wish.adapter().rank();
  }

  private TuningResult tune() {
    try (Interruption interruption = interruption();
        TuningBar bar = new TuningBar()) {
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
        System.err, "; go on with: lora train --resume --out " + wish.places().out());
  }

  // ---- what is left of it ----

  /** Numbers that follow from others or from the model are written out, and paths are whole. */
  private Map<String, Object> options(TuningSettings settings) {
    Map<String, Object> options = new TreeMap<>();
    wish.given()
        .forEach(
            (name, value) ->
                options.put(name, value instanceof Path path ? path.toAbsolutePath() : value));
    Path model = Path.of(wish.places().model());
    if (Files.exists(model)) {
      options.put("model", model.toAbsolutePath());
    }
    options.put("alpha", wish.adapter().config(usualAlpha()).alpha());
    options.put("batch", settings.batching().rows());
    options.put("lr", settings.optimizer().learningRate());
    options.put("max-tokens", settings.batching().maxTokens());
    if (!options.containsKey("steps")) {
      options.put("epochs", wish.training().epochs().orElse(1));
    }
    if (!options.containsKey("valid")) {
      options.put("valid-fraction", wish.language().validFraction());
    }
    return options;
  }

  /** Makes the adapter that the directory holds the active one. */
  private static void useSaved(LoraModel model, TuningResult tuning) {
    if (tuning.adapterStep() != tuning.steps()) {
      model.load(SAVED, tuning.directory());
      model.activate(SAVED);
    }
  }

  /** Switched off, the adapter leaves the base as it was. */
  private Sampled sampled(int[] prompt, LoraModel model, TuningResult tuning) {
    List<String> adapter = model.active();
    model.activate();
    String before = written(Sampled.NEW_TOKENS, prompt);
    model.activate(adapter.toArray(String[]::new));
    useSaved(model, tuning);
    return new Sampled(run.tokenizer().decode(prompt), before, written(Sampled.NEW_TOKENS, prompt));
  }

  private String written(int tokens, int... prompt) {
    return Sampled.written(
        run.network(), run.tokenizer(), prompt, tokens, wish.training().workers());
  }

  private void tell(LanguageResult result, Sampled sampled) {
    TuningResult tuning = result.tuning();
    if (tuning.validLossBefore().isPresent() && tuning.validLossAfter().isPresent()) {
      story.printf(
          "%nLoss of what was held back: %.4f → %.4f after %,d of %,d steps%n",
          tuning.validLossBefore().getAsDouble(),
          tuning.validLossAfter().getAsDouble(),
          tuning.adapterStep(),
          tuning.steps());
    }
    story.printf(
        "%s in %s: %s tokens/s%s%n",
        Numbers.count(tuning.steps()) + " steps",
        Numbers.exactTime(tuning.duration()),
        Numbers.rate(tuning.tokensPerSecond()),
        result.peakMegabytes().isPresent()
            ? ", peak memory " + Numbers.count(result.peakMegabytes().getAsLong()) + " MB"
            : "");
    if (tuning.end() == TuningResult.End.EARLY) {
      story.println("Ended early: the last evaluations were not better.");
    }
    tellText("The beginning", sampled.prompt());
    tellText("The base goes on", sampled.before());
    tellText("With the adapter", sampled.after());
    story.printf(
        "%nThe adapter is %s, %s%n", tuning.directory(), Numbers.bytes(tuning.adapterBytes()));
  }

  private void tellText(String title, String text) {
    String shown = text.isBlank() ? "(nothing but blanks)" : text.strip();
    story.printf("%n%s:%n%s", title, shown.indent(2));
  }

  private void report(LanguageResult result, TrainingData data, Sampled sampled) {
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
    TuningReportWriter.write(wish.places().out(), report).forEach(story::println);
    story.println("The report is " + wish.places().out().resolve("report.html"));
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
