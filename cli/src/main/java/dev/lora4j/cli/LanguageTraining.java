package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.lora.BaseFingerprint;
import dev.lora4j.lora.EvaBatch;
import dev.lora4j.lora.Initialization;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.checkpoint.Pretrained;
import dev.lora4j.models.metrics.RunCurves;
import dev.lora4j.models.metrics.RunMetrics;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.ExampleOptions;
import dev.lora4j.models.text.TextData;
import dev.lora4j.models.text.Tokenizer;
import dev.lora4j.models.training.EvaExamples;
import dev.lora4j.models.training.FineTuning;
import dev.lora4j.models.training.TuningData;
import dev.lora4j.models.training.TuningListener;
import dev.lora4j.models.training.TuningRequest;
import dev.lora4j.models.training.TuningResult;
import dev.lora4j.models.training.TuningSettings;
import dev.lora4j.nn.Devices;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Summary;
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

/** Trains an adapter for a language model and writes a directory that documents the run. */
final class LanguageTraining implements AutoCloseable {
  /** The file in the output directory that holds the options of the run. */
  static final String CONFIG = "run.yaml";

  private static final String SAVED = "saved";

  private final Wish wish;
  private final PrintStream story;
  private final Path directory;
  private final Pretrained base;
  private final Meanwhile<TextData> dataFile;
  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final Kept kept;
  private Optional<Meanwhile<BaseFingerprint>> fingerprint = Optional.empty();

  /**
   * A training request.
   *
   * @param given all options of the run by name, defaults included
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
    Meanwhile<Tokenizer> reading = Meanwhile.make(() -> Tokenizer.load(directory));
    dataFile = Meanwhile.make(() -> TextData.open(wish.places().data()));
    boolean loaded = false;
    try {
      Engine.seed(wish.training().seed());
      base = Pretrained.load(directory);
      loaded = true;
    } finally {
      if (!loaded) {
        reading.discard(Tokenizer::close);
      }
    }
    tokenizer = reading.get();
    template =
        ChatTemplate.load(directory, tokenizer.special())
            .map(chat -> wish.language().system().map(chat::withSystem).orElse(chat));
    kept = new Kept(wish.places().out());
  }

  static LanguageResult run(Wish wish, PrintStream story) {
    try (LanguageTraining training = new LanguageTraining(wish, story)) {
      return training.run();
    }
  }

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
    Sampled.requireReadable(network, prompt); // fail before hours of training
    LoraModel model = adapt(network, data.tuning());
    fingerprint = Optional.of(Meanwhile.make(model::fingerprint)); // the run needs it
    Summary listing = Summary.of(network);
    story.printf(
        "Trainable parameters: %,d of %,d (%.2f %%), %s%n",
        listing.trainable(),
        listing.total(),
        listing.percentTrainable(),
        wish.adapter().config(defaultAlpha()).targets().describe());

    TuningRequest request =
        TuningRequest.of(model, data.tuning(), wish.places().out(), settings)
            .workers(wish.training().workers());
    if (wish.language().resume()) {
      request = request.resumed();
    }
    TuningResult tuning = tune(request, model, settings);
    LanguageResult result =
        new LanguageResult(
            tuning, listing, ProcessMemory.peakMegabytes(), wall(), kept.resumedFrom());
    Sampled sampled = sampled(prompt, model, tuning);
    print(result, sampled);
    report(result, data, sampled);
    return result;
  }

  private void checkVocabulary(LanguageModel network) {
    int known = network.vocabularySize();
    if (tokenizer.vocabularySize() > known) {
      story.printf(
          "Warning: the tokenizer has %,d tokens but the model %,d; does the tokenizer belong to"
              + " another model?%n",
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

  private double defaultAlpha() {
    return 2.0 * wish.adapter().rank();
  }

  private LoraModel adapt(LanguageModel network, TuningData examples) {
    LoraConfig config = wish.adapter().config(defaultAlpha());
    LoraModel model =
        config.initialization() instanceof Initialization.Eva
            ? fromInputs(network, config, examples)
            : Lora.adapt(network, config);
    network.train(false);
    return model;
  }

  private LoraModel fromInputs(LanguageModel network, LoraConfig config, TuningData examples) {
    story.println("Initialising the adapter from the layer inputs (EVA).");
    try (PointerScope scope = new PointerScope()) {
      List<EvaBatch> batches = EvaExamples.of(examples, wish.training().seed(), network.device());
      return Lora.adapt(network, config, batches);
    }
  }

  private TuningResult tune(TuningRequest request, LoraModel model, TuningSettings settings) {
    try (Interruption interruption = interruption();
        TrainingProgress bar = new TrainingProgress("LoRA");
        RunMetrics metrics = new RunMetrics(wish.places().out())) {
      TuningListener record =
          new TuningListener() {
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
          () -> FineTuning.run(request, TuningListeners.of(record, kept, bar, metrics)));
    }
  }

  private Interruption interruption() {
    return new Interruption(
        System.err, "; resume with: lora train --resume --out " + wish.places().out());
  }

  private void record(LoraModel model, TuningSettings settings) {
    RunRecord record = new RunRecord(wish.places().out());
    if (!Files.exists(wish.places().out().resolve(CONFIG))) {
      record.options(options(settings));
    }
    List<Path> files = new ArrayList<>(List.of(wish.places().data()));
    wish.language().valid().ifPresent(files::add);
    record.origin(wish.places().model(), directory, model.fingerprint().sha256(), files);
    record.tokenizer(directory);
  }

  /** All options, with defaults resolved and paths absolute. */
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
    options.put("alpha", wish.adapter().config(defaultAlpha()).alpha());
    options.put("batch-size", settings.batching().rows());
    options.put("learning-rate", settings.optimizer().learningRate());
    options.put("max-seq-length", settings.batching().maxTokens());
    if (!options.containsKey("steps")) {
      options.put("epochs", wish.training().epochs().orElse(1));
    }
    if (!options.containsKey("validation-data")) {
      options.put("validation-split", wish.language().validFraction());
    }
    return options;
  }

  /** Activates the adapter saved in the directory, if it is not the last one trained. */
  private static void useSaved(LoraModel model, TuningResult tuning) {
    if (tuning.adapterStep() != tuning.steps()) {
      model.load(SAVED, tuning.directory());
      model.activate(SAVED);
    }
  }

  /** Text before and after; with the adapter inactive, the model is the base. */
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

  private void print(LanguageResult result, Sampled sampled) {
    TuningResult tuning = result.tuning();
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
        Numbers.count(tuning.steps()) + " steps",
        Numbers.exactTime(tuning.duration()),
        Numbers.rate(tuning.tokensPerSecond()),
        result.peakMegabytes().isPresent()
            ? ", peak memory " + Numbers.count(result.peakMegabytes().getAsLong()) + " MB"
            : "");
    if (tuning.end() == TuningResult.End.EARLY) {
      story.println("Stopped early: the last evaluations brought no improvement.");
    }
    printText("Prompt", sampled.prompt());
    printText("Base model", sampled.before());
    printText("With the adapter", sampled.after());
    story.printf(
        "%nSaved the adapter to %s," + " %s%n",
        tuning.directory(), Numbers.bytes(tuning.adapterBytes()));
  }

  private void printText(String title, String text) {
    String shown = text.isBlank() ? "(blank)" : text.strip();
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
    ReportWriter.write(wish.places().out(), report).warnings().forEach(story::println);
    story.println("Report: " + wish.places().out().resolve("report.html"));
  }

  private static Duration wall() {
    Instant start = ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
    return Duration.between(start, Instant.now());
  }

  @Override
  public void close() {
    fingerprint.ifPresent(Meanwhile::await); // it still reads the base
    base.close();
    tokenizer.close();
  }
}
