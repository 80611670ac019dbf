package dev.lora4j.serve.jobs;

import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TextExamples;
import dev.lora4j.llm.gate.AdapterGate;
import dev.lora4j.llm.gate.GateData;
import dev.lora4j.llm.gate.GateVerdict;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.RunResult;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * The training of a job and its gate, over the weights that are served, with a module tree of their
 * own.
 */
final class JobRun {
  private static final String CANDIDATE = "candidate";
  private static final int MAX_TOKENS = 2_048;
  private static final int GENERAL_TOKENS = 512;
  private static final long SAVE_STEPS = 10;
  private static final int MIN_HELD_OUT = 10;

  private final FineTuningJob job;
  private final JobSettings settings;
  private final FineTuningJobs jobs;
  private final JobPaths paths;

  /** A trained adapter: tokens in all steps, and held-out examples as it was trained on such. */
  record Trained(long tokens, List<List<Example>> heldOut) {}

  JobRun(FineTuningJob job, JobSettings settings, FineTuningJobs jobs) {
    this.job = job;
    this.settings = settings;
    this.jobs = jobs;
    paths = jobs.store().paths(job.id());
  }

  /** Trains from the last checkpoint on; empty if the job has been stopped. */
  Optional<Trained> train(ChatModel replica) {
    boolean begins = !paths.hasRun();
    try (FineTuneRun run = recipe(replica).open(paths.run())) {
      if (begins) {
        warnOfFew(run.data().objective().groups().valid().size());
      }
      LanguageModelTrainingResult result =
          Engine.besideOthers(() -> run.train(new JobProgress(job.id(), jobs, run)));
      return result.end() == RunResult.End.STOPPED
          ? Optional.empty()
          : Optional.of(new Trained(result.tokens(), run.data().objective().groups().valid()));
    }
  }

  private void warnOfFew(int heldOut) {
    if (heldOut < MIN_HELD_OUT) {
      String remedy =
          job.request().validationFile().isPresent()
              ? "give a larger validation_file"
              : "give a validation_file, or more examples";
      jobs.event(
          job.id(),
          JobEvent.warn(
              "Only %d held-out example%s for the validation loss and the gate, which say little then; %s"
                  .formatted(heldOut, heldOut == 1 ? "" : "s", remedy)));
    }
  }

  private FineTuneRecipe recipe(ChatModel replica) {
    JobRequest request = job.request();
    FineTuneRecipe recipe =
        FineTuneRecipe.of(replica.path().toString())
            .directory(replica.path())
            .base(replica.base())
            .data(data(paths.uploadedTraining()))
            .settings(this::arguments)
            .seed(request.seed())
            .workers(job.trainWorkers())
            .log(this::report);
    paths.uploadedValidation().ifPresent(file -> recipe.valid(data(file)));
    if (request.method() == TuningMethod.DPO) {
      recipe.objectiveParameters(Map.of("beta", beta()));
    }
    return paths.hasRun() ? recipe.resume() : recipe;
  }

  private double beta() {
    return job.request().hyperparameters().beta().orElse(GateData.DEFAULT_BETA);
  }

  private Path data(Path uploaded) {
    return paths.data(uploaded, job.request().method());
  }

  private TrainingArguments arguments(int maxPositions) {
    Hyperparameters values = job.request().hyperparameters();
    double rate =
        FineTuneRecipe.DEFAULT_LEARNING_RATE * values.learningRateMultiplier().orElseThrow();
    return TrainingArguments.of(rate)
        .epochs(values.epochs().orElseThrow())
        .batching(
            BatchConfig.of(values.batchSize().orElseThrow()).maxSeqLength(maxTokens(maxPositions)))
        .pace(new EvalAndSavePolicy(0, 0, SAVE_STEPS));
  }

  private static int maxTokens(int maxPositions) {
    return Math.min(MAX_TOKENS, maxPositions);
  }

  private void report(String sentence) {
    String plain = sentence.strip();
    String warning = "Warning: ";
    if (plain.startsWith(warning)) {
      jobs.event(job.id(), JobEvent.warn(plain.substring(warning.length())));
    }
  }

  // ---- gate ----

  /** The held-out data's file, as the tokenizer and chat template that serve it render it. */
  private List<List<Example>> rendered(ChatFormat format, int maxPositions) {
    Path file = data(paths.uploadedValidation().orElseGet(paths::uploadedTraining));
    return ExampleGroups.of(
            TextData.open(file), format.tokenizer(), options(format, maxTokens(maxPositions)))
        .groups();
  }

  private static ExampleOptions options(ChatFormat format, int maxTokens) {
    ExampleOptions options = ExampleOptions.ofLength(maxTokens);
    return format.template().map(options::with).orElse(options);
  }

  /**
   * Judges the trained adapter as it will be served.
   *
   * @throws CancellationException if the job is stopped
   */
  GateVerdict judge(ChatModel replica, Trained trained) {
    replica.load(CANDIDATE, paths.run(), BaseCheck.SAME_BASE);
    List<List<Example>> rendered =
        rendered(replica.format(List.of(CANDIDATE)), replica.network().maxPositions());
    GateData data = new GateData(trained.heldOut(), rendered, general(replica), beta());
    try (Workers workers = new Workers(job.trainWorkers())) {
      return new AdapterGate(replica, CANDIDATE, settings.gate(), workers, this::requireRunning)
          .judge(data);
    }
  }

  private void requireRunning() {
    if (!jobs.isRunning(job.id())) {
      throw new CancellationException();
    }
  }

  private List<Example> general(ChatModel replica) {
    ChatFormat format = replica.format(List.of());
    int longest = Math.min(GENERAL_TOKENS, replica.network().maxPositions());
    return settings
        .general()
        .map(TextData::open)
        .map(data -> TextExamples.of(data, format.tokenizer(), options(format, longest)))
        .map(TextExamples::examples)
        .orElse(List.of());
  }
}
