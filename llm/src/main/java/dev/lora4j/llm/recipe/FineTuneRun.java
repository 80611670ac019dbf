package dev.lora4j.llm.recipe;

import dev.lora4j.llm.checkpoint.OriginalCheckpoint;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.metrics.RunMetrics;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.train.EvaExamples;
import dev.lora4j.llm.train.LanguageModelTrainer;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingJob;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseFingerprint;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.runtime.Devices;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;

/** A run of a {@link FineTuneRecipe}: the loaded model with its adapter, and the data. */
public final class FineTuneRun implements AutoCloseable {
  private static final String ADAPTER = "default";

  private final FineTuneRecipe recipe;
  private final Path out;
  private final ModelFiles files;
  private final Pretrained base;
  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final TrainingArguments settings;
  private final TrainingData data;
  private final LoraModel adapted;
  private final CompletableFuture<BaseFingerprint> fingerprint;
  private Map<String, Object> options = Map.of();

  private FineTuneRun(
      FineTuneRecipe recipe,
      Path out,
      ModelFiles files,
      Pretrained base,
      Tokenizer tokenizer,
      TextData file) {
    this.recipe = recipe;
    this.out = out;
    this.files = files;
    this.base = base;
    this.tokenizer = tokenizer;
    template =
        ChatTemplate.load(files, tokenizer.special())
            .map(chat -> recipe.system.map(chat::withSystem).orElse(chat));
    files.warnings().forEach(warning -> recipe.report("Warning: " + warning));
    checkVocabulary();
    settings = recipe.settings(network().maxPositions());
    ExampleOptions length = ExampleOptions.ofLength(settings.batching().maxSeqLength());
    ExampleOptions tokenizing = template.map(length::with).orElse(length);
    data = new TrainingData.Reader(recipe, tokenizer, tokenizing).read(file);
    network().to(Devices.named(recipe.device));
    adapted =
        new AdapterStart(recipe, out).addTo(network(), base.storage(), ADAPTER, this::newAdapter);
    network().train(false);
    fingerprint = async(adapted::fingerprint);
  }

  /** Tokenizer and data file are opened while the model loads. */
  static FineTuneRun open(FineTuneRecipe recipe, Path out) {
    Devices.named(recipe.device); // a wrong name is refused before anything is read
    LanguageModelTrainer.requireUnused(out);
    ModelFiles model = ModelFiles.at(recipe.resolved());
    Path own = out.resolve("chat_template.jinja");
    boolean resumed = recipe.start == TrainingJob.Start.RESUMED && Files.exists(own);
    ModelFiles files =
        recipe
            .chatTemplate
            .map(given -> model.withChatTemplate(resumed ? own : given))
            .orElse(model);
    CompletableFuture<Tokenizer> tokenizer = async(() -> Tokenizer.load(files));
    Path data = recipe.requiredData();
    CompletableFuture<TextData> file = async(() -> recipe.rows(data));
    Optional<Pretrained> base = recipe.base;
    try {
      if (base.isEmpty()) {
        base = Optional.of(Pretrained.load(files, recipe.storage));
      }
      return new FineTuneRun(recipe, out, files, base.get(), result(tokenizer), result(file));
    } catch (RuntimeException e) {
      base.filter(loaded -> recipe.base.isEmpty()).ifPresent(Pretrained::close);
      close(tokenizer);
      throw e;
    }
  }

  /** Computes a value on a thread of its own: the JVM's common pool belongs to the program. */
  private static <T> CompletableFuture<T> async(Supplier<T> work) {
    return CompletableFuture.supplyAsync(work, task -> new Thread(task, "lora4j-load").start());
  }

  private static <T> T result(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException thrown) {
        throw thrown;
      }
      throw e;
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // another failure is thrown already
  private static void close(CompletableFuture<Tokenizer> tokenizer) {
    tokenizer.thenAccept(Tokenizer::close);
  }

  private void checkVocabulary() {
    int known = network().vocabularySize();
    if (tokenizer.vocabularySize() > known) {
      recipe.report(
          "Warning: the tokenizer has %,d tokens, the model %,d; is the tokenizer another model's?"
              .formatted(tokenizer.vocabularySize(), known));
    }
  }

  private Optional<Quantization> quantization() {
    return recipe.storage instanceof WeightStorage.Quantized quantized
        ? Optional.of(quantized.to())
        : Optional.empty();
  }

  private LoraModel newAdapter() {
    if (recipe.lora.initialization() instanceof Initialization.Loftq) {
      return addLoftq();
    }
    if (!(recipe.lora.initialization() instanceof Initialization.Eva)) {
      return Lora.adapt(network(), recipe.lora.baseModel(recipe.model));
    }
    recipe.report("Initialising the adapter from the layers' inputs (EVA)");
    try (PointerScope scope = new PointerScope()) {
      List<EvaBatch> batches = EvaExamples.of(data.objective(), recipe.seed, network().device());
      return Lora.adapt(network(), recipe.lora.baseModel(recipe.model), batches);
    }
  }

  private LoraModel addLoftq() {
    recipe.report("Initialising the adapter from what quantisation has taken (LoftQ)");
    try (OriginalCheckpoint originals = OriginalCheckpoint.open(files.path(), network())) {
      LoraConfig config = recipe.lora.baseModel(recipe.model).initialization(loftq());
      return Lora.adaptByLoftq(network(), config, originals);
    }
  }

  /** Returns LoftQ with the bits of the base. */
  private Initialization.Loftq loftq() {
    Initialization.Loftq given = (Initialization.Loftq) recipe.lora.initialization();
    boolean eight =
        quantization()
            .map(to -> to.type() == QuantType.INT8 || to.type() == QuantType.Q8_0)
            .orElse(false);
    return new Initialization.Loftq(eight ? 8 : 4, given.iterations());
  }

  // ---- parts ----

  public LanguageModel network() {
    return base.model();
  }

  /** The base model with the adapter. */
  public LoraModel adapted() {
    return adapted;
  }

  /** The tokenizer, which this run closes. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The chat template, with the recipe's system turn. */
  public Optional<ChatTemplate> template() {
    return template;
  }

  public TrainingData data() {
    return data;
  }

  public TrainingArguments settings() {
    return settings;
  }

  /** Sets the options of a command that {@code run.yaml} records. */
  public void record(Map<String, Object> commandOptions) {
    options = commandOptions;
  }

  // ---- training ----

  /** Trains, with metrics files and checkpoints. */
  public LanguageModelTrainingResult train(TrainingCallback callback) {
    TrainingJob job =
        new TrainingJob(
            adapted,
            ADAPTER,
            data.objective(),
            out,
            settings,
            recipe.workers,
            recipe.start,
            recipe.group);
    TrainingCallback recorder =
        new TrainingCallback() {
          @Override
          public void onStart(long steps, long done) {
            writeRecord();
          }
        };
    try (RunMetrics metrics = new RunMetrics(out)) {
      return LanguageModelTrainer.run(job, TrainingCallback.all(recorder, callback, metrics));
    }
  }

  private void writeRecord() {
    RunRecord record = new RunRecord(out);
    if (!options.isEmpty() && !Files.exists(out.resolve(RunRecord.OPTIONS))) {
      record.options(options);
    }
    List<Path> dataFiles = new ArrayList<>(List.of(recipe.requiredData()));
    recipe.valid.ifPresent(dataFiles::add);
    record.origin(
        recipe.model,
        files.path(),
        adapted.fingerprint().sha256(),
        base.storage(),
        dataFiles,
        recipe.initial);
    record.tokenizer(files);
    new AdapterCard(recipe.model, base.storage(), quantization()).write(out);
  }

  @Override
  public void close() {
    fingerprint.handle((value, failure) -> value).join(); // before the base is closed
    if (recipe.base.isPresent()) {
      adapted.unload();
    } else {
      base.close();
    }
    tokenizer.close();
  }
}
