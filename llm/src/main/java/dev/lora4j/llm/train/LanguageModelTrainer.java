package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.GroupedOptimizer;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Trains an adapter of a language model, with gradient accumulation, a learning-rate schedule,
 * gradient clipping, validation loss, early stopping, checkpoints and exact resuming.
 *
 * <pre>{@code
 * LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(8).alpha(16));
 * Objective objective = new CausalLmObjective(split.train(), split.valid());
 * LanguageModelTrainingResult result =
 *     LanguageModelTrainer.run(
 *         TrainingJob.of(adapted, objective, out, TrainingArguments.of(2e-4)),
 *         TrainingCallback.NONE);
 * }</pre>
 *
 * <p>Afterwards the network is in evaluation mode with the adapter of the last step. The directory
 * holds the adapter of the lowest validation loss, or the last one without validation.
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

  private List<GlobalBatch> epochBatches;
  private long sampledEpoch = 1;
  private CheckpointState state = CheckpointState.START;
  private LanguageModelTrainingResult.End end = LanguageModelTrainingResult.End.COMPLETE;

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

  private LanguageModelTrainingResult run() {
    try (Optimizer optimizer = optimizer();
        Workers workers = new Workers(job.workers());
        TrainStep step = new TrainStep(job, objective, workers, optimizer)) {
      if (job.start() == TrainingJob.Start.RESUMED) {
        resume(step);
      } else {
        directory.start(RunSettings.of(job, total));
      }
      callback.onStart(total, state.step());
      return run(step, optimizer);
    } finally {
      network.train(false);
    }
  }

  private void resume(TrainStep step) {
    requireRepeatable();
    directory.resume(RunSettings.of(job, total));
    OptionalLong last = directory.last();
    if (last.isPresent()) {
      state = directory.read(last.getAsLong(), step.gradients());
    }
  }

  private void requireRepeatable() {
    Initialization initialization = job.model().config(job.adapter()).initialization();
    if (!initialization.isRepeatable()) {
      throw new UserError(
          "a run with init_lora_weights = %s can't resume: the random part of its initialisation"
                  .formatted(initialization.word())
              + " can't be reproduced; start a new run, with pissa for instance");
    }
  }

  private LanguageModelTrainingResult run(TrainStep step, Optimizer optimizer) {
    if (state.step() == 0 && state.before().isEmpty() && !validBatches.isEmpty()) {
      TrainStep.Evaluated found = evaluate(step);
      state = state.before(found.loss());
      report(found, false);
    }
    boolean running = state.step() < total && !isPatienceExhausted();
    while (running) {
      take(step, optimizer);
      boolean stop = callback.wantsToStop();
      boolean finished = state.step() >= total;
      boolean best = isEvaluationDue(finished) && evaluateNow(step);
      boolean early = isPatienceExhausted();
      if (best || stop || finished || early || isDue(settings.pace().checkpointEvery())) {
        callback.onCheckpoint(directory.write(job, step.gradients(), state));
      }
      running = !stop && !finished && !early;
      if (stop && !finished) {
        end = LanguageModelTrainingResult.End.STOPPED;
      }
    }
    if (isPatienceExhausted() && state.step() < total) {
      end = LanguageModelTrainingResult.End.EARLY;
    }
    callback.onEnd();
    return result();
  }

  // ---- a step ----

  private void take(TrainStep step, Optimizer optimizer) {
    long start = System.nanoTime();
    long number = state.step() + 1;
    GlobalBatch batch = globalBatch(state.step());
    double factor = settings.schedule().factor(state.step(), total);
    optimizer.scaleRates(factor);
    network.train(!objective.needsReference()); // the reference has no dropout either
    TrainStep.Outcome outcome = guarded(number, () -> step.take(number, batch));
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    int epoch = Math.toIntExact(state.epoch());
    state =
        state.plus(outcome, batch.tokens(), batch.lossTokens(), duration.toNanos(), stepsPerEpoch);
    callback.onStep(
        new TrainingCallback.Step(
            number,
            epoch,
            outcome.loss() / outcome.units(),
            batch.examples().size(),
            settings.optimizer().learningRate() * factor,
            outcome.gradientNorm(),
            batch.tokens(),
            batch.lossTokens(),
            duration));
    if (number % stepsPerEpoch == 0) {
      callback.onEpoch(epoch);
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

  private <T> T guarded(long number, Supplier<T> work) {
    try {
      return work.get();
    } catch (TrainingFailed e) {
      throw new TrainingFailed(e.getMessage() + "; " + checkpointNote());
    } catch (RuntimeException | OutOfMemoryError e) {
      Optional<TrainingFailed> outOfMemory =
          OutOfMemoryHint.explained(e, number, settings.batching(), checkpointNote());
      if (outOfMemory.isPresent()) {
        throw outOfMemory.get();
      }
      throw e;
    }
  }

  private String checkpointNote() {
    OptionalLong last = directory.last();
    return last.isPresent()
        ? "the last checkpoint is " + directory.checkpoint(last.getAsLong())
        : "there is no checkpoint yet";
  }

  // ---- evaluation ----

  private boolean isEvaluationDue(boolean finished) {
    return !validBatches.isEmpty() && (finished || isDue(settings.pace().evaluateEvery()));
  }

  private boolean isDue(long every) {
    return EvalAndSavePolicy.isDue(every, state.step(), stepsPerEpoch);
  }

  /** Evaluates and returns whether the validation loss is the lowest so far. */
  private boolean evaluateNow(TrainStep step) {
    TrainStep.Evaluated found = evaluate(step);
    boolean best = state.isBest(found.loss());
    state = state.evaluated(found.loss());
    report(found, best);
    return best;
  }

  private void report(TrainStep.Evaluated found, boolean best) {
    callback.onEvaluation(
        new TrainingCallback.Evaluation(state.step(), found.loss(), best, found.metrics()));
  }

  private TrainStep.Evaluated evaluate(TrainStep step) {
    network.train(false);
    TrainStep.Evaluated found = guarded(state.step(), () -> step.evaluate(validBatches));
    if (!Double.isFinite(found.loss())) {
      throw new TrainingFailed(
          "the validation loss is %s after step %d; try a lower learning rate; %s"
              .formatted(found.loss(), state.step(), checkpointNote()));
    }
    return found;
  }

  private boolean isPatienceExhausted() {
    int patience = settings.pace().patience();
    return patience > 0 && state.sinceBest() >= patience;
  }

  // ---- start and end ----

  private Optimizer optimizer() {
    AdamW.Settings adamW = settings.optimizer();
    if (settings.loraPlus().isEmpty()) {
      return new AdamW(adamW);
    }
    LoraModel model = job.model();
    return GroupedOptimizer.of(
        settings.loraPlus().get().groups(model, adamW.learningRate()),
        group ->
            new AdamW(
                new AdamW.Settings(
                    group.learningRate(),
                    adamW.beta1(),
                    adamW.beta2(),
                    adamW.epsilon(),
                    group.weightDecay(adamW.weightDecay()))));
  }

  private LanguageModelTrainingResult result() {
    boolean evaluated = state.best().isPresent();
    long chosen = evaluated ? state.bestStep() : state.step();
    return new LanguageModelTrainingResult(
        state.step(),
        state.loss() / state.units(),
        state.before(),
        state.best(),
        chosen,
        state.tokens(),
        state.lossTokens(),
        Duration.ofNanos(state.nanos()),
        directory.publish(chosen),
        end,
        directory.path());
  }
}
