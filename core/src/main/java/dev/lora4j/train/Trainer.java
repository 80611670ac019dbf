package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Staged;
import java.time.Duration;
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
  private static final int BATCHES_AT_ONCE = 64;
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
    if (data.size() == 0) {
      throw new UserError("no examples to train on");
    }
    long start = System.nanoTime();
    network.train(true);
    try {
      int frozen = network instanceof Staged staged ? cacheable(staged, data) : 0;
      StepCounter progress =
          frozen > 0 ? runCached(data, frozen, workers) : run(data, network::forward, workers);
      Duration duration = Duration.ofNanos(System.nanoTime() - start);
      return new TrainingResult(progress.steps(), duration, progress.curve(), frozen);
    } finally {
      network.train(false);
    }
  }

  private StepCounter runCached(Dataset data, int frozen, Workers workers) {
    Staged staged = (Staged) network;
    try (FrozenPrefix prefix = new FrozenPrefix(staged, frozen, data)) {
      return run(prefix, x -> staged.forwardFrom(x, frozen), workers);
    }
  }

  /** The number of frozen first stages, 0 if their outputs exceed the cache. */
  private int cacheable(Staged staged, Dataset data) {
    int frozen = staged.frozenStages();
    return frozen > 0 && FrozenPrefix.bytes(staged, frozen, data) <= cacheBytes ? frozen : 0;
  }

  private long steps(Dataset data) {
    return epochs * ((data.size() + batchSize - 1) / batchSize);
  }

  private StepCounter run(Dataset data, UnaryOperator<Tensor> forward, Workers workers) {
    StepCounter progress = new StepCounter(callback, steps(data));
    try (GradientStep step = new GradientStep(network, forward, loss, optimizer, workers);
        Prefetch prefetch = new Prefetch(data, step.device())) {
      for (int epoch = 1; epoch <= epochs && !progress.stopped(); epoch++) {
        long[] order = Shuffle.order(data.size(), seed, epoch);
        progress.startEpoch(epoch);
        prefetch.forEach(
            order, batchSize * BATCHES_AT_ONCE, examples -> steps(examples, step, progress));
        callback.onEpoch(epoch);
      }
    }
    return progress.finish();
  }

  private void steps(Batch examples, GradientStep step, StepCounter progress) {
    for (long from = 0; from < examples.size() && !progress.stopped(); from += batchSize) {
      long size = Math.min(batchSize, examples.size() - from);
      long start = System.nanoTime();
      double loss = step.take(examples, from, size);
      progress.onStep(loss, size, Duration.ofNanos(System.nanoTime() - start));
    }
  }
}
