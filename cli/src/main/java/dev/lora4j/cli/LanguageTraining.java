package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.report.TuningReportWriter;
import dev.lora4j.io.DType;
import dev.lora4j.lora.BaseFingerprint;
import dev.lora4j.lora.EvaBatch;
import dev.lora4j.lora.Initialization;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.checkpoint.Pretrained;
import dev.lora4j.models.gguf.ModelFiles;
import dev.lora4j.models.metrics.RunCurves;
import dev.lora4j.models.metrics.RunMetrics;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.Tokenizer;
import dev.lora4j.models.training.EvaExamples;
import dev.lora4j.models.training.FineTuning;
import dev.lora4j.models.training.Objective;
import dev.lora4j.models.training.TuningRequest;
import dev.lora4j.models.training.TuningResult;
import dev.lora4j.models.training.TuningSettings;
import dev.lora4j.nn.Devices;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.TrainingCallback;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;

/** Teaches an adapter of a language model, and leaves a directory that says how it was done. */
final class LanguageTraining implements AutoCloseable {
  /** The options of a run, in its directory. */
  static final String CONFIG = "run.yaml";

  private static final String SAVED = "saved";

  private final Wish wish;
  private final PrintStream story;
  private final Path directory;
  private final ModelFiles modelFiles;
  private final Pretrained base;
  private final Meanwhile<TextData> dataFile;
  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final Kept kept;
  private Optional<Meanwhile<BaseFingerprint>> fingerprint = Optional.empty();

  /**
   * What is asked for.
   *
   * @param given all options of the run by name, those that were not given too
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
    directory = References.resolve(wish.places().model());
    modelFiles = ModelFiles.at(directory);
    Meanwhile<Tokenizer> reading = Meanwhile.make(() -> Tokenizer.load(modelFiles));
    dataFile = Meanwhile.make(() -> TextData.open(wish.places().data()));
    boolean loaded = false;
    try {
      Engine.seed(wish.training().seed());
      base = Pretrained.load(modelFiles, DType.F32);
      loaded = true;
    } finally {
      if (!loaded) {
        reading.discard(Tokenizer::close);
      }
    }
    tokenizer = reading.get();
    template =
        ChatTemplate.load(modelFiles, tokenizer.special())
            .map(chat -> wish.language().system().map(chat::withSystem).orElse(chat));
    kept = new Kept(wish.places().out());
  }

  static LanguageResult run(Wish wish, PrintStream story) {
    try (LanguageTraining training = new LanguageTraining(wish, story)) {
      return training.run();
    }
  }

  // ---- the run ----

  private LanguageResult run() {
    LanguageModel network = base.model();
    checkVocabulary(network);
    TuningSettings settings = wish.language().settings(wish.training(), network.maxPositions());
    LanguageData data = data(settings.batching().maxTokens());
    network.to(Devices.named(wish.places().device()));
    int[] prompt =
        Sampled.prompt(
            wish.language().sample(),
            data.first(),
            tokenizer,
            data.isPlainText() ? Optional.empty() : template);
    Sampled.requireReadable(network, prompt); // an error comes before hours of training
    LoraModel model = adapt(network, data.objective());
    fingerprint = Optional.of(Meanwhile.make(model::fingerprint)); // the run asks for it
    Summary listing = Summary.of(network);
    story.printf(
        "%,d of %,d numbers are trained, %s%n",
        listing.trainable(),
        listing.total(),
        wish.adapter().config(usualAlpha()).targets().describe());

    TuningRequest request =
        TuningRequest.of(model, data.objective(), wish.places().out(), settings)
            .workers(wish.training().workers());
    if (wish.language().resume()) {
      request = request.resumed();
    }
    TuningResult tuning = tune(request, model, settings);
    LanguageResult result =
        new LanguageResult(
            tuning, listing, ProcessMemory.peakMegabytes(), wall(), kept.resumedFrom());
    Sampled sampled = sampled(prompt, model, tuning);
    tell(result, sampled);
    report(result, data, sampled);
    return result;
  }

  private void checkVocabulary(LanguageModel network) {
    int known = network.vocabularySize();
    if (tokenizer.vocabularySize() > known) {
      story.printf(
          "Warning: the tokenizer has %,d tokens, the model %,d; is the tokenizer another model's?%n",
          tokenizer.vocabularySize(), known);
    }
  }

  private LanguageData data(int maxTokens) {
    ExampleOptions making = ExampleOptions.ofLength(maxTokens);
    return LanguageData.read(
        dataFile.get(),
        wish.language(),
        wish.training().seed(),
        tokenizer,
        template.map(making::with).orElse(making),
        story);
  }

  private double usualAlpha() {
    return 2.0 * wish.adapter().rank();
  }

  private LoraModel adapt(LanguageModel network, Objective objective) {
    LoraConfig config = wish.adapter().config(usualAlpha());
    LoraModel model =
        config.initialization() instanceof Initialization.Eva
            ? fromInputs(network, config, objective)
            : Lora.adapt(network, config);
    network.train(false);
    return model;
  }

  private LoraModel fromInputs(LanguageModel network, LoraConfig config, Objective objective) {
    story.println("The adapter begins from what the layers are given (EVA).");
    try (PointerScope scope = new PointerScope()) {
      List<EvaBatch> batches = EvaExamples.of(objective, wish.training().seed(), network.device());
      return Lora.adapt(network, config, batches);
    }
  }

  private TuningResult tune(TuningRequest request, LoraModel model, TuningSettings settings) {
    try (Interruption interruption = interruption();
        TuningBar bar = new TuningBar();
        RunMetrics metrics = new RunMetrics(wish.places().out())) {
      TrainingCallback record =
          new TrainingCallback() {
            @Override
            public void onStart(long steps, long done) {
              record(model, settings);
            }

            @Override
            public void onCheckpoint(Path checkpoint) {
              interruption.savedInstead(checkpoint);
            }
          };
      return kept.guard(
          () -> FineTuning.run(request, TrainingCallback.all(record, kept, bar, metrics)));
    }
  }

  private Interruption interruption() {
    return new Interruption(
        System.err, "; go on with: lora train --resume --out " + wish.places().out());
  }

  // ---- what is left of it ----

  private void record(LoraModel model, TuningSettings settings) {
    RunRecord record = new RunRecord(wish.places().out());
    if (!Files.exists(wish.places().out().resolve(CONFIG))) {
      record.options(options(settings));
    }
    List<Path> files = new ArrayList<>(List.of(wish.places().data()));
    wish.language().valid().ifPresent(files::add);
    record.origin(wish.places().model(), directory, model.fingerprint().sha256(), files);
    record.tokenizer(modelFiles);
  }

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
    return new Sampled(tokenizer.decode(prompt), before, written(Sampled.NEW_TOKENS, prompt));
  }

  private String written(int tokens, int... prompt) {
    return Sampled.written(base.model(), tokenizer, prompt, tokens, wish.training().workers());
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

  private void report(LanguageResult result, LanguageData data, Sampled sampled) {
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
    fingerprint.ifPresent(Meanwhile::await); // it reads the base
    base.close();
    tokenizer.close();
  }
}
