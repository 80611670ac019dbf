package dev.lora4j.bench;

/** Minimum time over many runs, which excludes disturbances. */
final class Stopwatch {
  private static final int WARMUP_RUNS = 20;
  private static final double SECONDS = 1.5;

  private Stopwatch() {}

  static double best(Runnable work) {
    for (int i = 0; i < WARMUP_RUNS; i++) {
      work.run();
    }
    double best = Double.MAX_VALUE;
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < SECONDS * 1e9) {
      long start = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }
}
