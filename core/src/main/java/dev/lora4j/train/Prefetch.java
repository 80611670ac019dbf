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

/** Loads the next examples on a background thread while the current ones are in use. */
final class Prefetch implements AutoCloseable {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread daemon = new Thread(task, "lora4j-prefetch");
            daemon.setDaemon(true);
            return daemon;
          });
  private final Dataset data;
  private final Device device;

  Prefetch(Dataset data, Device device) {
    this.data = data;
    this.device = device;
  }

  /** Consumer of a chunk of examples. */
  @FunctionalInterface
  interface Use {
    void of(Batch examples);
  }

  /** Passes all examples in this order, in chunks. */
  void forEach(long[] order, int atOnce, Use use) {
    CompletableFuture<Batch> next = gather(order, 0, atOnce);
    for (int from = 0; from < order.length; from += atOnce) {
      Batch present = await(next);
      try {
        next = gather(order, from + atOnce, atOnce);
        use.of(present);
      } finally {
        present.inputs().deallocate();
        present.targets().deallocate();
      }
    }
  }

  private CompletableFuture<Batch> gather(long[] order, int from, int atOnce) {
    if (from >= order.length) {
      return CompletableFuture.completedFuture(null);
    }
    long[] indices = Arrays.copyOfRange(order, from, Math.min(from + atOnce, order.length));
    return CompletableFuture.supplyAsync(() -> gatherNow(indices), thread);
  }

  private Batch gatherNow(long... indices) {
    Engine.useOneThread();
    try (PointerScope scope = new PointerScope()) {
      Batch batch = data.gather(Ops.tensor(indices)).to(device);
      return new Batch(Ops.keep(batch.inputs()), Ops.keep(batch.targets()));
    }
  }

  private static Batch await(CompletableFuture<Batch> batch) {
    try {
      return batch.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
