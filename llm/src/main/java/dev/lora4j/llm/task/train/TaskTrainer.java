package dev.lora4j.llm.task.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.llm.dataset.LengthGroups;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.llm.train.RecordedArguments;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingGuard;
import dev.lora4j.llm.train.TrainingJob.Start;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.CheckpointState;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.RunSettings;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Trains an adapter and a head for a task, with gradient accumulation, a learning-rate schedule,
 * gradient clipping, validation, early stopping, checkpoints and exact resuming. Afterwards the
 * network has the last step's adapter, and the directory that of the lowest validation loss.
 */
public final class TaskTrainer {
  private final TaskJob job;
  private final TrainingArguments settings;
  private final TrainingCallback callback;
  private final Module network;
  private final TaskObjective objective;
  private final long stepsPerEpoch;
  private final long total;
  private final RunDirectory directory;
  private final TrainingGuard guard;

  private List<List<TaskExample>> epochSteps;
  private long sampledEpoch = 1;

  private TaskTrainer(TaskJob job, TrainingCallback callback) {
    this.job = job;
    this.callback = callback;
    settings = job.settings();
    network = job.network().module();
    objective = job.objective();
    objective.check(job.network().maxTokens(), job.network().vocabularySize());
    epochSteps = steps(0);
    stepsPerEpoch = epochSteps.size();
    total = settings.length().steps(stepsPerEpoch);
    directory = new RunDirectory(job.directory());
    guard = new TrainingGuard(directory, settings.batching());
  }

  /**
   * Trains to the end, or until the callback stops it.
   *
   * @throws UserError if the data do not fit the model, the directory is in use, or a resumed run
   *     had other settings
   * @throws TrainingFailed if the loss is not finite or memory runs out; checkpoints remain
   */
  public static LanguageModelTrainingResult run(TaskJob job, TrainingCallback callback) {
    return new TaskTrainer(job, callback).run();
  }

  private LanguageModelTrainingResult run() {
    try (ProcessLock lock = directory.lock();
        Optimizer optimizer = settings.newOptimizer(job.model());
        Workers workers = new Workers(job.workers());
        TaskStep step = new TaskStep(job, workers, optimizer)) {
      TrainingLoop loop =
          new TrainingLoop(
              new Steps(step, optimizer), settings.pace(), true, stepsPerEpoch, total, callback);
      CheckpointState state =
          loop.run(directory.open(job.start() != Start.NEW, record(), step.gradients()));
      return LanguageModelTrainingResult.of(state, loop.end(), directory);
    } finally {
      network.train(false);
    }
  }

  /** The settings that a resumed run must share. */
  private RunSettings record() {
    LoraConfig config = job.model().config(job.adapter()).anyBaseModel(); // it may be moved
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    RecordedArguments.put(json, settings, job.workers());
    objective.settings().forEach(json::put);
    json.put("data_sha256", objective.digest()).put("steps", total);
    json.set("adapter", ConfigWriter.json(config));
    json.put(
        "adapter_parameters",
        job.model().parameters(job.adapter()).stream().mapToLong(Parameter::numel).sum());
    json.put("base_sha256", job.model().fingerprint().sha256());
    return new RunSettings(json, Map.of());
  }

  private List<List<TaskExample>> steps(int epoch) {
    return LengthGroups.steps(
        objective.examples().train(),
        TaskExample::length,
        settings.batching().globalBatchSize(),
        new SplittableRandom(settings.seed() * 1_000_003 + epoch));
  }

  private List<TaskExample> examples(long step) {
    long epoch = step / stepsPerEpoch + 1;
    if (epoch != sampledEpoch) {
      epochSteps = steps(Math.toIntExact(epoch - 1));
      sampledEpoch = epoch;
    }
    return epochSteps.get(Math.toIntExact(step % stepsPerEpoch));
  }

  // ---- a step ----

  private final class Steps implements TrainingLoop.Body {
    private final TaskStep step;
    private final Optimizer optimizer;

    Steps(TaskStep step, Optimizer optimizer) {
      this.step = step;
      this.optimizer = optimizer;
    }

    @Override
    public TrainingLoop.Taken take(CheckpointState state) {
      long start = System.nanoTime();
      long number = state.step() + 1;
      List<TaskExample> examples = examples(state.step());
      double factor = settings.schedule().factor(state.step(), total);
      optimizer.scaleRates(factor);
      network.train(true);
      TaskStep.Outcome outcome = guard.run(number, () -> step.take(number, examples));
      long tokens = examples.stream().mapToLong(TaskExample::length).sum();
      return new TrainingLoop.Taken(
          outcome.loss() * examples.size(),
          examples.size(),
          new TrainingCallback.Step(
              number,
              Math.toIntExact(state.epoch()),
              outcome.loss(),
              examples.size(),
              settings.optimizer().learningRate() * factor,
              outcome.gradientNorm(),
              tokens,
              tokens,
              Duration.ofNanos(System.nanoTime() - start)));
    }

    @Override
    public boolean isEvaluated() {
      return !objective.examples().valid().isEmpty();
    }

    @Override
    public TrainingLoop.Evaluated evaluate(CheckpointState state) {
      network.train(false);
      return guard.evaluate(state.step(), () -> step.evaluate(objective.examples().valid()));
    }

    @Override
    public void checkpoint(CheckpointState state) {
      callback.onCheckpoint(
          directory.write(
              unfinished -> job.model().save(job.adapter(), unfinished), step.gradients(), state));
    }
  }
}
