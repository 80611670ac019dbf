package dev.lora4j.llm.recipe;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.metrics.RunMetrics;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.model.OutputSweep;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.llm.task.score.Calibration;
import dev.lora4j.llm.task.score.TaskScore;
import dev.lora4j.llm.task.score.TaskScorer;
import dev.lora4j.llm.task.train.CentroidBaseline;
import dev.lora4j.llm.task.train.NewHead;
import dev.lora4j.llm.task.train.TaskJob;
import dev.lora4j.llm.task.train.TaskObjective;
import dev.lora4j.llm.task.train.TaskTrainer;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.runtime.Devices;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** A run of a {@link FineTuneRecipe} with a task: the network with its adapter, and the data. */
public final class TaskRun implements AutoCloseable {
  private static final String ADAPTER = "default";
  private static final String SAVED = "saved";
  private static final double DEVIATION = 0.02;

  private final FineTuneRecipe recipe;
  private final Path out;
  private final ModelFiles files;
  private final Tokenizer tokenizer;
  private final TaskNetwork network;
  private final JsonDocument config;
  private final TrainingArguments settings;
  private final TaskData data;
  private final LoraModel adapted;
  private Map<String, Object> options = Map.of();

  /**
   * The result of a run.
   *
   * @param before validation score of the untrained adapter; empty without validation examples
   * @param after validation score of the saved adapter, calibrated
   * @param baseline accuracy of the nearest class mean of the frozen base's vectors, for a
   *     classification
   * @param examplesPerSecond rate of the steps since the run was started or resumed
   */
  public record Result(
      LanguageModelTrainingResult training,
      Optional<TaskScore> before,
      Optional<TaskScore> after,
      Calibration calibration,
      OptionalDouble baseline,
      double examplesPerSecond) {}

  private TaskRun(FineTuneRecipe recipe, Path out, ModelFiles files, TaskRows rows) {
    this.recipe = recipe;
    this.out = out;
    this.files = files;
    config = files.json(ModelConfig.FILE);
    files.warnings().forEach(warning -> recipe.report("Warning: " + warning));
    tokenizer = Tokenizer.load(files);
    TaskNetwork loaded = null;
    try {
      loaded = TaskNetworks.load(files, recipe.requiredTask(), rows.outputs(), recipe.storage);
      network = loaded;
      TaskNetworks.checkTokenizer(files, tokenizer, network);
      settings = recipe.settings(network.maxTokens());
      int longest = Math.min(settings.batching().maxSeqLength(), network.maxTokens());
      data = TaskData.of(recipe, rows, tokenizer, longest);
      network.module().to(Devices.named(recipe.device));
      adapted =
          new AdapterStart(recipe, out)
              .addTo(network.module(), network.storage(), ADAPTER, this::newAdapter);
      network.module().train(false);
    } catch (RuntimeException e) {
      if (loaded != null) {
        loaded.close();
      }
      tokenizer.close();
      throw e;
    }
  }

  static TaskRun open(FineTuneRecipe recipe, Path out) {
    Devices.named(recipe.device); // a wrong name is refused before anything is read
    new RunDirectory(out).requireUnused();
    return new TaskRun(recipe, out, ModelFiles.at(recipe.resolved()), TaskRows.read(recipe));
  }

  // ---- adapter ----

  private LoraModel newAdapter() {
    LoraConfig lora =
        recipe
            .lora
            .baseModel(recipe.model)
            .taskType(task().peftType())
            .modulesToSave(network.headModules().toArray(String[]::new));
    LoraModel model = Lora.adapt(network.module(), lora);
    NewHead.initialize(
        model, ADAPTER, network.headModules(), config.number("initializer_range", DEVIATION));
    return model;
  }

  // ---- parts ----

  public TextTask task() {
    return recipe.requiredTask();
  }

  /** The network's modules, with the adapter. */
  public Module network() {
    return network.module();
  }

  /** The base model with the adapter. */
  public LoraModel adapted() {
    return adapted;
  }

  public TrainingArguments settings() {
    return settings;
  }

  /** A line on the data. */
  public String description() {
    return data.description();
  }

  /** Sets the options of a command that {@code run.yaml} records. */
  public void record(Map<String, Object> commandOptions) {
    options = commandOptions;
  }

  // ---- training ----

  /** Trains, with metrics files and checkpoints, and calibrates on the validation examples. */
  public Result train(TrainingCallback callback) {
    TaskObjective objective = data.objective();
    List<TaskExample> valid = objective.examples().valid();
    TaskJob job =
        new TaskJob(
            adapted, ADAPTER, network, objective, out, settings, recipe.workers, recipe.start);
    Recorder recorder = new Recorder();
    OptionalDouble baseline;
    Optional<TaskScore> before;
    try (Workers workers = new Workers(recipe.workers)) {
      baseline = baseline(workers);
      before = valid.isEmpty() ? Optional.empty() : Optional.of(score(ADAPTER, workers, 1));
    }
    LanguageModelTrainingResult training;
    try (RunMetrics metrics = new RunMetrics(out)) {
      training = TaskTrainer.run(job, TrainingCallback.all(recorder, callback, metrics));
    }
    String saved = saved(training);
    try (Workers workers = new Workers(recipe.workers)) {
      Calibration calibration = valid.isEmpty() ? Calibration.NONE : calibrate(saved, workers);
      describe(calibration);
      Optional<TaskScore> after =
          valid.isEmpty()
              ? Optional.empty()
              : Optional.of(score(saved, workers, calibration.temperature()));
      return new Result(
          training, before, after, calibration, baseline, recorder.examplesPerSecond());
    }
  }

  /** Writes the record of the run at its start, and measures its rate. */
  private final class Recorder implements TrainingCallback {
    private long examples;
    private double seconds;

    @Override
    public void onStart(long steps, long done) {
      writeRecord();
    }

    @Override
    public void onStep(Step step) {
      examples += step.examples();
      seconds += step.duration().toNanos() / 1e9;
    }

    double examplesPerSecond() {
      return seconds == 0 ? 0 : examples / seconds;
    }
  }

  private OptionalDouble baseline(Workers workers) {
    return task() == TextTask.TEXT_CLASSIFICATION
        ? CentroidBaseline.accuracy(
            adapted,
            network,
            data.objective().examples(),
            data.objective().labels().size(),
            workers)
        : OptionalDouble.empty();
  }

  /** Returns the name of the saved adapter, which need not be that of the last step. */
  private String saved(LanguageModelTrainingResult training) {
    if (training.adapterStep() == training.steps()) {
      return ADAPTER;
    }
    adapted.load(SAVED, training.directory(), BaseCheck.ANY_BASE);
    return SAVED;
  }

  private List<float[][]> outputs(String adapter, Workers workers) {
    return new OutputSweep(network, () -> adapted.using(adapter))
        .run(
            data.objective().examples().valid().stream().map(TaskExample::texts).toList(),
            workers,
            count -> {});
  }

  private TaskScore score(String adapter, Workers workers, double temperature) {
    TaskObjective objective = data.objective();
    return new TaskScorer(task(), objective.labels(), temperature)
        .score(objective.examples().valid(), outputs(adapter, workers));
  }

  private Calibration calibrate(String adapter, Workers workers) {
    TaskObjective objective = data.objective();
    return new TaskScorer(task(), objective.labels(), 1)
        .calibrate(objective.examples().valid(), outputs(adapter, workers));
  }

  // ---- files ----

  private void describe(Calibration calibration) {
    new TaskDescription(task(), data.objective().labels(), calibration, data.maxTokens())
        .write(out, config);
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
        network.storage(),
        dataFiles,
        recipe.initial);
    record.tokenizer(files);
    new AdapterCard(recipe.model, network.storage(), Optional.empty()).write(out);
    describe(Calibration.NONE);
  }

  @Override
  public void close() {
    network.close();
    tokenizer.close();
  }
}
