package dev.lora4j.bench;

import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** The rate at which threads read memory, which bounds decoding: each token reads all weights. */
final class MemoryRate {
  private static final int LONGS = 1 << 25; // 256 MB for each thread, more than the caches
  private static final int LINE = 8;
  private static final int ROUNDS = 5;
  private static final LongAdder READ = new LongAdder();

  private MemoryRate() {}

  /** Returns the best of several rounds. */
  static double gigabytesPerSecond(int threads) throws InterruptedException {
    long[][] memory = new long[threads][LONGS];
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Thread[] readers =
          IntStream.range(0, threads)
              .mapToObj(i -> new Thread(() -> READ.add(sum(memory[i])), "reader"))
              .toArray(Thread[]::new);
      long start = System.nanoTime();
      for (Thread reader : readers) {
        reader.start();
      }
      for (Thread reader : readers) {
        reader.join();
      }
      double bytes = (double) threads * LONGS * Long.BYTES;
      best = Math.max(best, bytes / (System.nanoTime() - start));
    }
    return best;
  }

  /** Reads one value of each cache line. */
  private static long sum(long... values) {
    long sum = 0;
    for (int i = 0; i < values.length; i += LINE) {
      sum += values[i];
    }
    return sum;
  }
}
