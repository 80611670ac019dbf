package dev.lora4j.llm.recipe;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskFile;
import dev.lora4j.llm.task.train.TaskLosses;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.ObjectiveProvider;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingJob;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Fine-tunes a language model from a data file to an adapter directory, as {@code lora train} does.
 *
 * <pre>{@code
 * FineTuneRecipe.of("HuggingFaceTB/SmolLM2-135M-Instruct")
 *     .data(Path.of("chats.jsonl"))
 *     .rank(8)
 *     .run(Path.of("my-adapter"));
 * }</pre>
 *
 * <p>The directory gets the adapter in PEFT's format, checkpoints for exact resuming, the metrics
 * files, the tokenizer, and {@code origin.json} with the versions and digests of model and data:
 * for the same settings the same bytes as from the command.
 */
public final class FineTuneRecipe {
  /** The learning rate unless {@link #settings} sets another. */
  public static final double DEFAULT_LEARNING_RATE = 2e-4;

  /** The learning rate of a task on texts unless {@link #settings} sets another. */
  public static final double TASK_LEARNING_RATE = 1e-3;

  /** The epochs of a task on texts unless {@link #settings} sets others. */
  public static final int TASK_EPOCHS = 3;

  /** The batch size of a task on texts unless {@link #settings} sets another. */
  public static final int TASK_BATCH = 16;

  private static final int MAX_TOKENS = 512;
  private static final double VALID_FRACTION = 0.05;

  final String model;
  private Optional<Path> directory = Optional.empty();
  Optional<Pretrained> base = Optional.empty();
  WeightStorage storage = WeightStorage.asStored();
  private Optional<Path> data = Optional.empty();
  Optional<Path> valid = Optional.empty();
  private TextData.Options reading = TextData.Options.DEFAULT;
  double validFraction = VALID_FRACTION;
  LoraConfig lora = LoraConfig.rank(8).alpha(16).targets(Targets.everyLinear());
  Optional<InitialAdapter> initial = Optional.empty();
  private Optional<IntFunction<TrainingArguments>> settings = Optional.empty();
  Optional<TextTask> task = Optional.empty();
  Optional<LabelNames> labels = Optional.empty();
  TaskLosses losses = TaskLosses.DEFAULT;
  Optional<ObjectiveProvider> objective = Optional.empty();
  Map<String, Double> objectiveParameters = Map.of();
  Optional<String> system = Optional.empty();
  Optional<Path> chatTemplate = Optional.empty();
  long seed;
  int workers = Runtime.getRuntime().availableProcessors();
  ProcessGroup group = ProcessGroup.SINGLE;
  String device = "cpu";
  TrainingJob.Start start = TrainingJob.Start.NEW;
  private Consumer<String> log = sentence -> {};

  private FineTuneRecipe(String model) {
    this.model = model;
  }

  /**
   * A recipe for a base model.
   *
   * @param model a directory, a GGUF file, or {@code org/name[@revision]} on the Hub
   */
  public static FineTuneRecipe of(String model) {
    return new FineTuneRecipe(model);
  }

  private static TrainingArguments defaultSettings(int maxPositions) {
    return TrainingArguments.of(DEFAULT_LEARNING_RATE)
        .batching(BatchConfig.of(4).maxSeqLength(Math.min(MAX_TOKENS, maxPositions)));
  }

  private static TrainingArguments taskSettings(int maxPositions) {
    return TrainingArguments.of(TASK_LEARNING_RATE)
        .epochs(TASK_EPOCHS)
        .batching(BatchConfig.of(TASK_BATCH).maxSeqLength(Math.min(MAX_TOKENS, maxPositions)));
  }

  /** The model's directory or file, if it is already resolved. */
  public FineTuneRecipe directory(Path path) {
    directory = Optional.of(path);
    return this;
  }

  /** A base that is already loaded, which several runs may use in turn; the caller closes it. */
  public FineTuneRecipe base(Pretrained loaded) {
    base = Optional.of(loaded);
    return this;
  }

  /** How the base's matrices are kept in memory; as in its files unless set. */
  public FineTuneRecipe storage(WeightStorage choice) {
    storage = choice;
    return this;
  }

  /** Quantises the base while it is loaded, such as to NF4 (QLoRA). */
  public FineTuneRecipe quantize(Quantization to) {
    return storage(WeightStorage.quantized(to));
  }

  /** Dequantises a quantised base to float32 while it is loaded: more memory, less time. */
  public FineTuneRecipe dequantize() {
    return storage(WeightStorage.dense(DType.F32));
  }

  /** The training data: jsonl, json, csv, tsv, parquet or txt. */
  public FineTuneRecipe data(Path file) {
    data = Optional.of(file);
    return this;
  }

  /** Names of columns, and strictness about columns that are not used. */
  public FineTuneRecipe reading(TextData.Options options) {
    reading = options;
    return this;
  }

  /** Names of columns, and strictness about columns that are not used. */
  public TextData.Options reading() {
    return reading;
  }

  /** Validation data, instead of a split of the training data. */
  public FineTuneRecipe valid(Path file) {
    valid = Optional.of(file);
    return this;
  }

  /** The fraction of the data that is split off for validation; 0.05 unless set, 0 for none. */
  public FineTuneRecipe validFraction(double fraction) {
    validFraction = fraction;
    return this;
  }

  /** LoRA rank on all linear layers, with alpha twice the rank; 8 unless set. */
  public FineTuneRecipe rank(int rank) {
    return lora(LoraConfig.rank(rank).alpha(defaultAlpha(rank)).targets(Targets.everyLinear()));
  }

  /** Returns the alpha of a language model's adapter unless it is set: twice the rank. */
  public static double defaultAlpha(int rank) {
    return 2.0 * rank;
  }

  public FineTuneRecipe lora(LoraConfig config) {
    lora = config;
    return this;
  }

  /** Continues training an adapter with its own config, instead of a new one. */
  public FineTuneRecipe adapter(Path directory) {
    return adapter(InitialAdapter.at(directory, BaseCheck.SAME_BASE));
  }

  /** Continues training an adapter with its own config, instead of a new one. */
  public FineTuneRecipe adapter(InitialAdapter trained) {
    initial = Optional.of(trained);
    lora = trained.config();
    return this;
  }

  /**
   * Hyperparameters; unless set, {@link TrainingArguments#of} with learning rate 2e-4, and for a
   * task on texts three epochs with batch size 16 and learning rate 1e-3.
   */
  public FineTuneRecipe settings(TrainingArguments fixed) {
    return settings(longest -> fixed);
  }

  /**
   * Hyperparameters that depend on the model.
   *
   * @param factory creates them, given the model's maximum sequence length
   */
  public FineTuneRecipe settings(IntFunction<TrainingArguments> factory) {
    settings = Optional.of(factory);
    return this;
  }

  /** A task on texts, instead of generation: its head is trained beside the adapter. */
  public FineTuneRecipe task(TextTask choice) {
    task = Optional.of(choice);
    return this;
  }

  /** Returns whether there is a task on texts. */
  public boolean hasTask() {
    return task.isPresent();
  }

  /** The labels of a task in their order, instead of those of the data, sorted. */
  public FineTuneRecipe labels(List<String> names) {
    labels = Optional.of(new LabelNames(names));
    return this;
  }

  /** The loss of a task, instead of the default one. */
  public FineTuneRecipe losses(TaskLosses choice) {
    losses = choice;
    return this;
  }

  /** The objective, instead of the default one for the data format. */
  public FineTuneRecipe objective(ObjectiveProvider provider) {
    objective = Optional.of(provider);
    return this;
  }

  /** Hyperparameters of the objective, such as {@code beta}. */
  public FineTuneRecipe objectiveParameters(Map<String, Double> parameters) {
    objectiveParameters = Map.copyOf(parameters);
    return this;
  }

  /** The chat template of a file, instead of the model's; it is saved with the adapter. */
  public FineTuneRecipe chatTemplate(Path file) {
    chatTemplate = Optional.of(file);
    return this;
  }

  /** A system turn for conversations without one. */
  public FineTuneRecipe system(String prompt) {
    system = Optional.of(prompt);
    return this;
  }

  /** Seed for initialisation, validation split, data order and dropout; 0 unless set. */
  public FineTuneRecipe seed(long value) {
    seed = value;
    return this;
  }

  /** Threads that share a step, in all processes; one for each core unless set. */
  public FineTuneRecipe workers(int count) {
    workers = count;
    return this;
  }

  /** Processes that share the steps, which the caller closes; this one alone unless set. */
  public FineTuneRecipe group(ProcessGroup processes) {
    group = processes;
    return this;
  }

  /** {@code cpu} unless set, or {@code cuda}. */
  public FineTuneRecipe device(String name) {
    device = name;
    return this;
  }

  /** Resumes the run in the directory. */
  public FineTuneRecipe resume() {
    start = TrainingJob.Start.RESUMED;
    return this;
  }

  /** Receives sentences on the data and the adapter. */
  public FineTuneRecipe log(Consumer<String> sentences) {
    log = sentences;
    return this;
  }

  /** Trains and writes the adapter to a directory. */
  public LanguageModelTrainingResult run(Path out) {
    if (task.isPresent()) {
      try (TaskRun run = openTask(out)) {
        return run.train(TrainingCallback.NONE).training();
      }
    }
    try (FineTuneRun run = open(out)) {
      return run.train(TrainingCallback.NONE);
    }
  }

  /** Loads model and data and adds the adapter, for a caller that does more than train. */
  public FineTuneRun open(Path out) {
    return FineTuneRun.open(this, out);
  }

  /** Loads model and data of a task and adds the adapter and its head. */
  public TaskRun openTask(Path out) {
    return TaskRun.open(this, out);
  }

  // ---- for the run ----

  Path resolved() {
    return directory.orElseGet(
        () -> ModelReference.of(model).resolve(Hub.fromEnvironment(), HubListener.SILENT));
  }

  Path requiredData() {
    return data.orElseThrow(() -> new UserError("no training data: call data(file)"));
  }

  TextTask requiredTask() {
    return task.orElseThrow(() -> new UserError("no task: call task(choice)"));
  }

  TaskFile taskRows(Path file) {
    return TaskFile.open(file, requiredTask(), reading);
  }

  TextData rows(Path file) {
    return TextData.open(file, reading);
  }

  TrainingArguments settings(int maxPositions) {
    return settings
        .orElse(task.isPresent() ? FineTuneRecipe::taskSettings : FineTuneRecipe::defaultSettings)
        .apply(maxPositions)
        .seed(seed);
  }

  void report(String sentence) {
    log.accept(sentence);
  }
}
