package dev.lora4j.spark.bench;

import java.util.stream.IntStream;

/**
 * The scaling that follows from measured times, when each executor has the same number of rows in a
 * step. A ring all-reduce sends 2 (n − 1) / n of the gradients from each of n executors, so its
 * time is that of two executors times 2 (n − 1) / n.
 *
 * @param step time of a step without exchange, in seconds
 * @param exchange time of the exchange between two executors
 * @param tokens of an executor's part of a step
 */
record PredictedScaling(double step, double exchange, double tokens) {
  static PredictedScaling of(BenchRecord one, BenchRecord two) {
    return new PredictedScaling(one.seconds(), two.exchange(), one.size());
  }

  void print() {
    System.out.printf(
        "Computed from a step of %.3f s on one executor and an exchange of %.4f s between two%n",
        step, exchange);
    System.out.println("| executors | exchange s | step s | tokens/s | efficiency |");
    System.out.println("| --- | --- | --- | --- | --- |");
    IntStream.of(2, 4, 8, 16, 32, 64).forEach(this::print);
  }

  private void print(int executors) {
    double sum = exchange * 2 * (executors - 1) / executors;
    double whole = step + sum;
    System.out.printf(
        "| %d | %.4f | %.3f | %,.0f | %.0f %% |%n",
        executors, sum, whole, executors * tokens / whole, 100 * step / whole);
  }
}
