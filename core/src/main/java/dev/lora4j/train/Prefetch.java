package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.jspecify.annotations.Nullable;

/**
 * The shuffled batches of each epoch. They are loaded in chunks, the next one on a background
 * thread while the current one is in use.
 */
final class Prefetch implements AutoCloseable {
  private static final int BATCHES_AT_ONCE = 64;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread daemon = new Thread(task, "lora4j-prefetch");
            daemon.setDaemon(true);
            return daemon;
          });
  private final Dataset data;
  private final Device device;
  private final int batchSize;
  private final long seed;
  private final long stepsPerEpoch;

  private long epoch = -1;
  private long chunk = -1;
  private long[] order = {};
  private @Nullable Batch present;
  private CompletableFuture<@Nullable Batch> next = CompletableFuture.completedFuture(null);

  Prefetch(Dataset data, Device device, int batchSize, long seed) {
    this.data = data;
    this.device = device;
    this.batchSize = batchSize;
    this.seed = seed;
    stepsPerEpoch = (data.size() + batchSize - 1) / batchSize;
  }

  /**
   * A batch, as part of the current chunk.
   *
   * @param from index of its first example in the chunk
   */
  record Piece(Batch chunk, long from, long size) {}

  /**
   * Returns the batch of a step; valid until the next call.
   *
   * @param step counted from 0; after the first call, each is one more than the last
   */
  Piece batch(long step) {
    long inEpoch = step % stepsPerEpoch;
    Batch examples = chunk(step / stepsPerEpoch, inEpoch / BATCHES_AT_ONCE);
    long from = inEpoch % BATCHES_AT_ONCE * batchSize;
    return new Piece(examples, from, Math.min(batchSize, examples.size() - from));
  }

  private Batch chunk(long ofEpoch, long number) {
    Batch examples = present;
    if (examples == null || ofEpoch != epoch || number != chunk) {
      if (ofEpoch != epoch) {
        epoch = ofEpoch;
        order = Shuffle.order(data.size(), seed, Math.toIntExact(epoch + 1));
        next = gather(number);
      }
      free();
      examples = await(next);
      present = examples;
      chunk = number;
      next = gather(number + 1);
    }
    return examples;
  }

  private CompletableFuture<@Nullable Batch> gather(long number) {
    int atOnce = batchSize * BATCHES_AT_ONCE;
    long from = number * atOnce;
    if (from >= order.length) {
      return CompletableFuture.completedFuture(null);
    }
    long[] indices =
        Arrays.copyOfRange(order, (int) from, (int) Math.min(from + atOnce, order.length));
    return CompletableFuture.supplyAsync(() -> gatherNow(indices), thread);
  }

  private Batch gatherNow(long... indices) {
    Engine.useOneThread();
    try (PointerScope scope = new PointerScope()) {
      Batch batch = data.gather(Ops.tensor(indices)).to(device);
      return new Batch(Ops.keep(batch.inputs()), Ops.keep(batch.targets()));
    }
  }

  private static Batch await(CompletableFuture<@Nullable Batch> batch) {
    try {
      Batch loaded = batch.join();
      if (loaded == null) {
        throw new IllegalStateException("there is no further chunk");
      }
      return loaded;
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private void free() {
    if (present != null) {
      present.inputs().deallocate();
      present.targets().deallocate();
      present = null;
    }
  }

  /** Frees the chunks and ends the thread. */
  @Override
  public void close() {
    free();
    present = next.handle((batch, failure) -> batch).join();
    free();
    thread.shutdownNow();
  }
}
