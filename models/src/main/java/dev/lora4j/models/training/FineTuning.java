package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.lora.Initialization;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.GroupedOptimizer;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Teaches an adapter of a language model, and keeps what it learned.
 *
 * <pre>{@code
 * LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(8).alpha(16));
 * TuningData data = new TuningData.Texts(split.train(), split.valid());
 * TuningResult result =
 *     FineTuning.run(
 *         TuningRequest.of(adapted, data, out, TuningSettings.of(2e-4)),
 *         TuningListener.NONE);
 * }</pre>
 *
 * <p>The network is in evaluation mode afterwards, with the adapter as after the last step. The
 * directory has the best one where there were evaluations.
 */
public final class FineTuning {
  private final TuningRequest request;
  private final TuningSettings settings;
  private final TuningListener listener;
  private final LanguageModel network;
  private final Objective objective;
  private final List<TextStep> heldBack;
  private final TextSteps allSteps;
  private final long inEpoch;
  private final long total;
  private final RunDirectory directory;

  // The steps of one epoch are drawn at once.
  private List<TextStep> drawn;
  private long drawnEpoch = 1;
  private RunState state = RunState.START;
  private TuningResult.End end = TuningResult.End.COMPLETE;

  private FineTuning(TuningRequest request, TuningListener listener) {
    this.request = request;
    this.listener = listener;
    settings = request.settings();
    network = request.network();
    objective = Objective.of(request.data(), settings);
    objective.check(network, settings.batching().maxTokens());
    heldBack = objective.heldBack();
    allSteps = objective.steps();
    drawn = allSteps.epoch(0);
    inEpoch = drawn.size();
    total = settings.length().steps(inEpoch);
    directory = new RunDirectory(request.directory());
  }

  /**
   * Runs to the end, or until the listener wants to stop.
   *
   * @throws UserError if the data do not fit the model, the directory is in use, or a run that is
   *     to be resumed was asked otherwise
   * @throws TrainingFailed if the loss stops being a number, or memory is short; checkpoints stay
   */
  public static TuningResult run(TuningRequest request, TuningListener listener) {
    return new FineTuning(request, listener).run();
  }

  private TuningResult run() {
    try (Optimizer optimizer = optimizer();
        Workers workers = new Workers(request.workers());
        WindowStep step = new WindowStep(request, objective, workers, optimizer)) {
      if (request.start() == TuningRequest.Start.RESUMED) {
        goOn(step);
      } else {
        directory.begin(asked());
      }
      listener.onStart(total, state.step());
      return run(step, optimizer);
    } finally {
      network.train(false);
    }
  }

  private void goOn(WindowStep step) {
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
          "init_lora_weights = %s took a random part of the base, which can't be found again, and so"
                  .formatted(initialization.word())
              + " the run can't go on; begin a new one, with pissa for instance");
    }
  }

  private TuningResult run(WindowStep step, Optimizer optimizer) {
    if (state.step() == 0 && state.before().isEmpty() && !heldBack.isEmpty()) {
      double loss = evaluate(step);
      state = state.before(loss);
      listener.onEvaluation(new TuningListener.Evaluation(0, loss, false));
    }
    boolean goesOn = state.step() < total && !isHopeless();
    while (goesOn) {
      take(step, optimizer);
      boolean stop = listener.wantsToStop();
      boolean finished = state.step() >= total;
      boolean best = isEvaluationDue(finished) && evaluateNow(step);
      boolean early = isHopeless();
      if (best || stop || finished || early || isDue(settings.pace().checkpointEvery())) {
        listener.onCheckpoint(directory.write(request, step.gradients(), state));
      }
      goesOn = !stop && !finished && !early;
      if (stop && !finished) {
        end = TuningResult.End.STOPPED;
      }
    }
    if (isHopeless() && state.step() < total) {
      end = TuningResult.End.EARLY;
    }
    return result();
  }

  // ---- a step ----

  private void take(WindowStep step, Optimizer optimizer) {
    long start = System.nanoTime();
    long number = state.step() + 1;
    TextStep window = window(state.step());
    double factor = settings.schedule().factor(state.step(), total);
    optimizer.scaleRates(factor);
    network.train(!objective.comparesWithBase()); // a base that drops would be no fair reference
    WindowStep.Outcome outcome = guarded(number, () -> step.take(number, window));
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    int epoch = Math.toIntExact(state.epoch());
    state = state.plus(outcome, window.tokens(), window.lossTokens(), duration.toNanos(), inEpoch);
    listener.onStep(
        new TuningListener.Step(
            number,
            epoch,
            outcome.loss() / outcome.units(),
            settings.optimizer().learningRate() * factor,
            outcome.gradientNorm(),
            window.tokens(),
            window.lossTokens(),
            duration));
  }

  private TextStep window(long step) {
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
      throw OutOfMemory.explained(e, number, settings.batching(), kept())
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
    return !heldBack.isEmpty() && (finished || isDue(settings.pace().evaluateEvery()));
  }

  private boolean isDue(long every) {
    return Pace.isDue(every, state.step(), inEpoch);
  }

  /** Whether it is the best so far. */
  private boolean evaluateNow(WindowStep step) {
    double loss = evaluate(step);
    boolean best = state.isBest(loss);
    state = state.evaluated(loss);
    listener.onEvaluation(new TuningListener.Evaluation(state.step(), loss, best));
    return best;
  }

  private double evaluate(WindowStep step) {
    network.train(false);
    double loss = guarded(state.step(), () -> step.evaluate(heldBack));
    if (!Double.isFinite(loss)) {
      throw new TrainingFailed(
          "the loss of what was held back is %s after step %d; try a lower learning rate; %s"
              .formatted(loss, state.step(), kept()));
    }
    return loss;
  }

  private boolean isHopeless() {
    int patience = settings.pace().patience();
    return patience > 0 && state.sinceBest() >= patience;
  }

  // ---- beginning and end ----

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
    asked.put("objective", request.data().getClass().getSimpleName());
    if (request.data() instanceof TuningData.Preferences preferences) {
      asked.put("beta", Double.toString(preferences.beta()));
    }
    asked.put("data_sha256", DataDigest.of(objective.examples()));
    asked.put("steps", Long.toString(total));
    asked.put("adapter", model.config(request.adapter()).toString());
    asked.put(
        "adapter_parameters",
        Long.toString(
            model.parameters(request.adapter()).stream().mapToLong(Parameter::numel).sum()));
    asked.put("base_sha256", model.fingerprint().sha256());
    return asked;
  }

  private TuningResult result() {
    boolean evaluated = state.best().isPresent();
    long chosen = evaluated ? state.bestStep() : state.step();
    return new TuningResult(
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
