package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.train.CheckpointState;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Trains an adapter of a language model, with gradient accumulation, a learning-rate schedule,
 * gradient clipping, validation loss, early stopping, checkpoints and exact resuming. Afterwards
 * the network has the last step's adapter, and the directory that of the lowest validation loss.
 */
public final class LanguageModelTrainer {
  private final TrainingJob job;
  private final TrainingArguments settings;
  private final TrainingCallback callback;
  private final LanguageModel network;
  private final Objective objective;
  private final List<GlobalBatch> validBatches;
  private final BatchSampler sampler;
  private final long stepsPerEpoch;
  private final long total;
  private final RunDirectory directory;
  private final TrainingGuard guard;

  private List<GlobalBatch> epochBatches;
  private long sampledEpoch = 1;

  private LanguageModelTrainer(TrainingJob job, TrainingCallback callback) {
    this.job = job;
    this.callback = callback;
    settings = job.settings();
    network = job.network();
    objective = job.objective();
    objective.check(network, settings.batching().maxSeqLength());
    validBatches = objective.validBatches(settings.batching().batchSize());
    sampler = objective.steps(settings);
    epochBatches = sampler.epoch(0);
    stepsPerEpoch = epochBatches.size();
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
  public static LanguageModelTrainingResult run(TrainingJob job, TrainingCallback callback) {
    return new LanguageModelTrainer(job, callback).run();
  }

  /**
   * Refuses a run's directory in which another process is training.
   *
   * @throws UserError naming that process
   */
  public static void requireUnused(Path directory) {
    new RunDirectory(directory).requireUnused();
  }

  private LanguageModelTrainingResult run() {
    try (ProcessLock lock = directory.lock();
        Optimizer optimizer = settings.newOptimizer(job.model());
        Workers workers = new Workers(job.workers(), job.group());
        TrainStep step = new TrainStep(job, objective, workers, optimizer)) {
      TrainingLoop loop =
          new TrainingLoop(
              new Steps(step, optimizer), settings.pace(), true, stepsPerEpoch, total, callback);
      CheckpointState state = loop.run(open(step));
      return LanguageModelTrainingResult.of(state, loop.end(), directory);
    } finally {
      network.train(false);
    }
  }

  private CheckpointState open(TrainStep step) {
    boolean resumed = job.start() != TrainingJob.Start.NEW;
    if (resumed) {
      job.model().config(job.adapter()).initialization().requireRepeatable();
    }
    return directory.open(resumed, LanguageRunSettings.of(job, total), step.gradients());
  }

  // ---- a step ----

  private final class Steps implements TrainingLoop.Body {
    private final TrainStep step;
    private final Optimizer optimizer;

    Steps(TrainStep step, Optimizer optimizer) {
      this.step = step;
      this.optimizer = optimizer;
    }

    @Override
    public TrainingLoop.Taken take(CheckpointState state) {
      long start = System.nanoTime();
      long number = state.step() + 1;
      GlobalBatch batch = globalBatch(state.step());
      double factor = settings.schedule().factor(state.step(), total);
      optimizer.scaleRates(factor);
      network.train(!objective.needsReference()); // the reference has no dropout either
      TrainStep.Outcome outcome = guard.run(number, () -> step.take(number, batch));
      return new TrainingLoop.Taken(
          outcome.loss(),
          outcome.units(),
          new TrainingCallback.Step(
              number,
              Math.toIntExact(state.epoch()),
              outcome.loss() / outcome.units(),
              batch.examples().size(),
              settings.optimizer().learningRate() * factor,
              outcome.gradientNorm(),
              batch.tokens(),
              batch.lossTokens(),
              Duration.ofNanos(System.nanoTime() - start),
              outcome.metrics()));
    }

    @Override
    public boolean isEvaluated() {
      return !validBatches.isEmpty();
    }

    @Override
    public TrainingLoop.Evaluated evaluate(CheckpointState state) {
      network.train(false);
      return guard.evaluate(state.step(), () -> step.evaluate(validBatches));
    }

    @Override
    public void checkpoint(CheckpointState state) {
      callback.onCheckpoint(
          directory.write(
              unfinished -> job.model().save(job.adapter(), unfinished), step.gradients(), state));
    }
  }

  private GlobalBatch globalBatch(long step) {
    long epoch = step / stepsPerEpoch + 1;
    if (epoch != sampledEpoch) {
      epochBatches = sampler.epoch(Math.toIntExact(epoch - 1));
      sampledEpoch = epoch;
    }
    return epochBatches.get(Math.toIntExact(step % stepsPerEpoch));
  }
}
