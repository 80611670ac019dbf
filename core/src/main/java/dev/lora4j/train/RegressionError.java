package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Regression metrics.
 *
 * @param rmse root mean squared error
 * @param mae mean absolute error
 * @param r2 coefficient of determination: 1 at best, 0 for a model that predicts the mean; empty if
 *     all targets are equal
 */
public record RegressionError(double rmse, double mae, OptionalDouble r2) {
  private static final int EXAMPLES_AT_ONCE = 64;

  /** Evaluates a network with outputs {@code [batch]} or {@code [batch, 1]}. */
  public static RegressionError of(Module network, Dataset data, Workers workers) {
    int examples = Math.toIntExact(data.size());
    float[] outputs = new float[examples];
    float[] targets = new float[examples];
    workers.run(
        worker -> {
          int stride = workers.count() * EXAMPLES_AT_ONCE;
          for (int from = worker * EXAMPLES_AT_ONCE; from < examples; from += stride) {
            predict(network, data, from, outputs, targets);
          }
        });
    return of(outputs, targets);
  }

  private static void predict(
      Module network, Dataset data, int from, float[] outputs, float[] targets) {
    int to = Math.min(from + EXAMPLES_AT_ONCE, targets.length);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch batch =
          data.gather(Ops.tensor(LongStream.range(from, to).toArray())).to(network.device());
      System.arraycopy(Ops.floats(network.forward(batch.inputs())), 0, outputs, from, to - from);
      System.arraycopy(Ops.floats(batch.targets()), 0, targets, from, to - from);
    }
  }

  static RegressionError of(float[] outputs, float[] targets) {
    int n = targets.length;
    double mean = IntStream.range(0, n).mapToDouble(i -> targets[i]).average().orElse(0);
    double squares = 0;
    double sizes = 0;
    double variance = 0;
    for (int i = 0; i < n; i++) {
      double difference = (double) outputs[i] - targets[i];
      squares += difference * difference;
      sizes += Math.abs(difference);
      variance += (targets[i] - mean) * (targets[i] - mean);
    }
    OptionalDouble r2 =
        variance > 0 ? OptionalDouble.of(1 - squares / variance) : OptionalDouble.empty();
    return new RegressionError(Math.sqrt(squares / n), sizes / n, r2);
  }
}
