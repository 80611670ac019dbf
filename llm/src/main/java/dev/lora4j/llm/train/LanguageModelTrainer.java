package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.GroupedOptimizer;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Trains an adapter of a language model, with validation, early stopping, checkpoints and exact
 * resuming.
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
  private final TrainingJob request;
  private final TrainingArguments settings;
  private final TrainingCallback callback;
  private final LanguageModel network;
  private final Objective objective;
  private final List<GlobalBatch> validBatches;
  private final BatchSampler allSteps;
  private final long inEpoch;
  private final long total;
  private final RunDirectory directory;

  // one epoch at a time
  private List<GlobalBatch> drawn;
  private long drawnEpoch = 1;
  private CheckpointState state = CheckpointState.START;
  private LanguageModelTrainingResult.End end = LanguageModelTrainingResult.End.COMPLETE;

  private LanguageModelTrainer(TrainingJob request, TrainingCallback callback) {
    this.request = request;
    this.callback = callback;
    settings = request.settings();
    network = request.network();
    objective = request.objective();
    objective.check(network, settings.batching().maxSeqLength());
    validBatches = objective.validBatches(settings.batching().batchSize());
    allSteps = objective.steps(settings);
    drawn = allSteps.epoch(0);
    inEpoch = drawn.size();
    total = settings.length().steps(inEpoch);
    directory = new RunDirectory(request.directory());
  }

  /**
   * Trains to the end, or until the callback stops it.
   *
   * @throws UserError if the data do not fit the model, the directory is in use, or a resumed run
   *     had other settings
   * @throws TrainingFailed if the loss is not finite or memory runs out; checkpoints remain
   */
  public static LanguageModelTrainingResult run(TrainingJob request, TrainingCallback callback) {
    return new LanguageModelTrainer(request, callback).run();
  }

  private LanguageModelTrainingResult run() {
    try (Optimizer optimizer = optimizer();
        Workers workers = new Workers(request.workers());
        TrainStep step = new TrainStep(request, objective, workers, optimizer)) {
      if (request.start() == TrainingJob.Start.RESUMED) {
        goOn(step);
      } else {
        directory.begin(asked());
      }
      callback.onStart(total, state.step());
      return run(step, optimizer);
    } finally {
      network.train(false);
    }
  }

  private void goOn(TrainStep step) {
    requireRepeatable();
    directory.goOn(asked());
    OptionalLong last = directory.last();
    if (last.isPresent()) {
      state = directory.read(last.getAsLong(), step.gradients());
    }
  }

  private void requireRepeatable() {
    Initialization initialization = request.model().config(request.adapter()).initialization();
    if (!initialization.isRepeatable()) {
      throw new UserError(
          "a run with init_lora_weights = %s can't resume, since it took a random part of the base"
                  .formatted(initialization.word())
              + " that can't be reproduced; start a new run, with pissa for instance");
    }
  }

  private LanguageModelTrainingResult run(TrainStep step, Optimizer optimizer) {
    if (state.step() == 0 && state.before().isEmpty() && !validBatches.isEmpty()) {
      TrainStep.Evaluated found = evaluate(step);
      state = state.before(found.loss());
      report(found, false);
    }
    boolean goesOn = state.step() < total && !isHopeless();
    while (goesOn) {
      take(step, optimizer);
      boolean stop = callback.wantsToStop();
      boolean finished = state.step() >= total;
      boolean best = isEvaluationDue(finished) && evaluateNow(step);
      boolean early = isHopeless();
      if (best || stop || finished || early || isDue(settings.pace().checkpointEvery())) {
        callback.onCheckpoint(directory.write(request, step.gradients(), state));
      }
      goesOn = !stop && !finished && !early;
      if (stop && !finished) {
        end = LanguageModelTrainingResult.End.STOPPED;
      }
    }
    if (isHopeless() && state.step() < total) {
      end = LanguageModelTrainingResult.End.EARLY;
    }
    callback.onEnd();
    return result();
  }

  // ---- a step ----

  private void take(TrainStep step, Optimizer optimizer) {
    long start = System.nanoTime();
    long number = state.step() + 1;
    GlobalBatch window = window(state.step());
    double factor = settings.schedule().factor(state.step(), total);
    optimizer.scaleRates(factor);
    network.train(!objective.needsReference()); // the reference has no dropout either
    TrainStep.Outcome outcome = guarded(number, () -> step.take(number, window));
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    int epoch = Math.toIntExact(state.epoch());
    state = state.plus(outcome, window.tokens(), window.lossTokens(), duration.toNanos(), inEpoch);
    callback.onStep(
        new TrainingCallback.Step(
            number,
            epoch,
            outcome.loss() / outcome.units(),
            window.examples().size(),
            settings.optimizer().learningRate() * factor,
            outcome.gradientNorm(),
            window.tokens(),
            window.lossTokens(),
            duration));
    if (number % inEpoch == 0) {
      callback.onEpoch(epoch);
    }
  }

  private GlobalBatch window(long step) {
    long epoch = step / inEpoch + 1;
    if (epoch != drawnEpoch) {
      drawn = allSteps.epoch(Math.toIntExact(epoch - 1));
      drawnEpoch = epoch;
    }
    return drawn.get(Math.toIntExact(step % inEpoch));
  }

  private interface Work<T> {
    T done();
  }

  private <T> T guarded(long number, Work<T> work) {
    try {
      return work.done();
    } catch (TrainingFailed e) {
      throw new TrainingFailed(e.getMessage() + "; " + kept());
    } catch (RuntimeException | OutOfMemoryError e) {
      throw OutOfMemoryHint.explained(e, number, settings.batching(), kept())
          .orElseThrow(() -> rethrown(e));
    }
  }

  private String kept() {
    OptionalLong last = directory.last();
    return last.isPresent()
        ? directory.checkpoint(last.getAsLong()) + " is from before"
        : "there is no checkpoint yet";
  }

  private static RuntimeException rethrown(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return (RuntimeException) e;
  }

  // ---- evaluation ----

  private boolean isEvaluationDue(boolean finished) {
    return !validBatches.isEmpty() && (finished || isDue(settings.pace().evaluateEvery()));
  }

  private boolean isDue(long every) {
    return EvalAndSavePolicy.isDue(every, state.step(), inEpoch);
  }

  /** Returns whether it is the best so far. */
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
              .formatted(found.loss(), state.step(), kept()));
    }
    return found;
  }

  private boolean isHopeless() {
    int patience = settings.pace().patience();
    return patience > 0 && state.sinceBest() >= patience;
  }

  // ---- start and end ----

  private Optimizer optimizer() {
    AdamW.Settings adamW = settings.optimizer();
    if (settings.loraPlus().isEmpty()) {
      return new AdamW(adamW);
    }
    LoraModel model = request.model();
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

  private Map<String, String> asked() {
    Map<String, String> asked = settings.named();
    LoraModel model = request.model();
    asked.put("workers", Integer.toString(request.workers()));
    asked.putAll(objective.settings());
    asked.put("data_sha256", DataDigest.of(objective.examples()));
    asked.put("steps", Long.toString(total));
    asked.put("adapter", recorded(model.config(request.adapter())));
    asked.put(
        "adapter_parameters",
        Long.toString(
            model.parameters(request.adapter()).stream().mapToLong(Parameter::numel).sum()));
    asked.put("base_sha256", model.fingerprint().sha256());
    return asked;
  }

  /** The config as {@code run.json} has recorded it since before there were other methods. */
  private static String recorded(LoraConfig config) {
    return config.toString().replace("method=LowRankAdaptation[], ", "");
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
