package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.data.Dataset;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Staged;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the trainable parameters of a network; the default loss is cross-entropy.
 *
 * <pre>{@code
 * Trainer.of(net, new Sgd(1e-4, 0.9)).epochs(2).batchSize(4).seed(0).fit(birdsCatsDogs);
 * }</pre>
 *
 * <p>Training is data-parallel: each worker computes the gradients of its shard of the batch, the
 * shards are summed in the order of the workers, and one optimizer step follows. A run is the same
 * bit for bit for the same seed and number of workers. The outputs of frozen first stages are
 * computed once for each example if they fit into the cache.
 */
public final class Trainer {
  private static final long DEFAULT_CACHE_BYTES = 1L << 30;
  private static final int MAX_EPOCHS = 1_000_000;
  private static final int MAX_BATCH = 1 << 24;

  private final Module network;
  private final Optimizer optimizer;
  private int epochs = 1;
  private int batchSize = 4;
  private long seed;
  private Loss loss = Loss.CROSS_ENTROPY;
  private long cacheBytes = DEFAULT_CACHE_BYTES;
  private TrainingCallback callback = TrainingCallback.NONE;

  private Trainer(Module network, Optimizer optimizer) {
    this.network = network;
    this.optimizer = optimizer;
  }

  /** A trainer; the caller closes the optimizer. */
  public static Trainer of(Module network, Optimizer optimizer) {
    return new Trainer(network, optimizer);
  }

  /** Number of epochs; 1 unless set. */
  public Trainer epochs(int epochs) {
    this.epochs = inRange("epochs", epochs, MAX_EPOCHS);
    return this;
  }

  /** Batch size; 4 unless set. */
  public Trainer batchSize(int batchSize) {
    this.batchSize = inRange("batch size", batchSize, MAX_BATCH);
    return this;
  }

  /** Seed of the data order; 0 unless set. */
  public Trainer seed(long seed) {
    this.seed = seed;
    return this;
  }

  /** The loss; cross-entropy unless set. */
  public Trainer loss(Loss loss) {
    this.loss = loss;
    return this;
  }

  /** Limit of the cache for frozen first stages' outputs; 1 GiB unless set, 0 disables it. */
  public Trainer cacheBytes(long cacheBytes) {
    this.cacheBytes = cacheBytes;
    return this;
  }

  public Trainer callback(TrainingCallback callback) {
    this.callback = callback;
    return this;
  }

  private static int inRange(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new UserError(
          "%s must be at %s, found %d"
              .formatted(name, value < 1 ? "least 1" : "most " + most, value));
    }
    return value;
  }

  /** Trains on all examples, on every core. */
  public TrainingResult fit(Dataset data) {
    try (Workers workers = Workers.ofAllCores()) {
      return fit(data, workers);
    }
  }

  /**
   * Trains on all examples.
   *
   * @throws UserError if there are no examples or nothing is trainable
   * @throws TrainingFailed if the loss is not finite
   */
  public TrainingResult fit(Dataset data, Workers workers) {
    long start = System.nanoTime();
    LossCurve curve = new LossCurve(Math.multiplyExact(stepsPerEpoch(data), (long) epochs));
    TrainingCallback recorder =
        new TrainingCallback() {
          @Override
          public void onStep(Step step) {
            curve.add(step.number(), step.loss());
          }
        };
    Ended ended = train(data, workers, Optional.empty(), TrainingCallback.all(recorder, callback));
    curve.finish();
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    return new TrainingResult(ended.state().step(), duration, curve, ended.frozen());
  }

  /**
   * Trains in a directory, with evaluations, checkpoints and exact resuming. A resumed run has the
   * bits of an uninterrupted one, unless the network has dropout.
   *
   * @throws UserError as {@link #fit}, or if the directory is in use, or a resumed run had other
   *     settings
   * @throws TrainingFailed if a loss is not finite; checkpoints remain
   */
  public RunResult run(TrainingRun run, Dataset data, Workers workers) {
    try (ProcessLock lock = new RunDirectory(run.directory()).lock()) {
      Ended ended = train(data, workers, Optional.of(run), callback);
      return ExampleSteps.publish(run, ended.state(), ended.end());
    }
  }

  private record Ended(CheckpointState state, RunResult.End end, int frozen) {}

  private Ended train(
      Dataset data, Workers workers, Optional<TrainingRun> run, TrainingCallback observer) {
    if (data.size() == 0) {
      throw new UserError("no examples to train on");
    }
    network.train(true);
    try {
      int frozen = network instanceof Staged staged ? cacheable(staged, data) : 0;
      return frozen > 0
          ? trainCached(data, frozen, workers, run, observer)
          : train(data, network::forward, workers, run, observer);
    } finally {
      network.train(false);
    }
  }

  private Ended trainCached(
      Dataset data,
      int frozen,
      Workers workers,
      Optional<TrainingRun> run,
      TrainingCallback observer) {
    Staged staged = (Staged) network;
    try (FrozenPrefix prefix = new FrozenPrefix(staged, frozen, data)) {
      Ended ended = train(prefix, x -> staged.forwardFrom(x, frozen), workers, run, observer);
      return new Ended(ended.state(), ended.end(), frozen);
    }
  }

  /** The number of frozen first stages, 0 if their outputs exceed the cache. */
  private int cacheable(Staged staged, Dataset data) {
    int frozen = staged.frozenStages();
    return frozen > 0 && FrozenPrefix.bytes(staged, frozen, data) <= cacheBytes ? frozen : 0;
  }

  private long stepsPerEpoch(Dataset data) {
    return (data.size() + batchSize - 1) / batchSize;
  }

  private Ended train(
      Dataset data,
      UnaryOperator<Tensor> forward,
      Workers workers,
      Optional<TrainingRun> run,
      TrainingCallback observer) {
    try (GradientStep step = new GradientStep(network, forward, loss, optimizer, workers);
        Prefetch batches = new Prefetch(data, step.device(), batchSize, seed)) {
      ExampleSteps body = new ExampleSteps(network, step, batches, run, observer);
      long steps = stepsPerEpoch(data);
      TrainingLoop loop =
          new TrainingLoop(
              body,
              run.map(TrainingRun::policy).orElseGet(EvalAndSavePolicy::byEpoch),
              run.isPresent() && run.get().keepsBest(),
              steps,
              Math.multiplyExact(epochs, steps),
              observer);
      CheckpointState state = loop.run(body.open());
      return new Ended(state, loop.end(), 0);
    }
  }
}
