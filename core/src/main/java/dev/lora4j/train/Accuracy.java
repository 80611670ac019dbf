package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Accuracy of a classifier.
 *
 * @param all the share of correct predictions over all examples, in {@code [0, 1]}
 * @param classes the same for the examples of each class
 * @param loss the mean cross-entropy
 */
public record Accuracy(double all, Map<String, Double> classes, double loss) {
  private static final long EXAMPLES_AT_ONCE = 64;

  /**
   * Evaluates a network on all examples.
   *
   * @param classNames the name of class 0, 1, …
   */
  public static Accuracy of(
      Module network, Dataset data, List<String> classNames, Workers workers) {
    long[][] right = new long[workers.count()][classNames.size()];
    long[][] total = new long[workers.count()][classNames.size()];
    int chunks = (int) ((data.size() + EXAMPLES_AT_ONCE - 1) / EXAMPLES_AT_ONCE);
    double[] losses = new double[chunks];
    workers.run(
        worker -> {
          for (int chunk = worker; chunk < chunks; chunk += workers.count()) {
            losses[chunk] = count(network, data, chunk, right[worker], total[worker]);
          }
        });
    double loss = DoubleStream.of(losses).sum() / data.size(); // for any number of workers
    return of(classNames, sum(right), sum(total), loss);
  }

  /** The macro average over these classes. */
  public double mean(Collection<String> names) {
    return names.stream().mapToDouble(name -> classes.getOrDefault(name, 0.0)).average().orElse(0);
  }

  /** Counts a chunk and returns its summed loss. */
  private static double count(Module network, Dataset data, int chunk, long[] right, long[] total) {
    long from = (long) chunk * EXAMPLES_AT_ONCE;
    long to = Math.min(from + EXAMPLES_AT_ONCE, data.size());
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch batch =
          data.gather(Ops.tensor(LongStream.range(from, to).toArray())).to(network.device());
      Tensor outputs = network.forward(batch.inputs());
      long[] guesses = Ops.longs(Ops.argmaxOfRows(outputs));
      long[] targets = Ops.longs(batch.targets());
      for (int i = 0; i < targets.length; i++) {
        int target = Math.toIntExact(targets[i]);
        total[target]++;
        right[target] += guesses[i] == targets[i] ? 1 : 0;
      }
      return Loss.CROSS_ENTROPY.sum(outputs, batch.targets()).item_double();
    }
  }

  private static long[] sum(long[][] counts) {
    long[] result = new long[counts[0].length];
    for (long[] row : counts) {
      for (int i = 0; i < row.length; i++) {
        result[i] += row[i];
      }
    }
    return result;
  }

  private static Accuracy of(List<String> classNames, long[] right, long[] total, double loss) {
    Map<String, Double> classes = new LinkedHashMap<>();
    for (int i = 0; i < total.length; i++) {
      if (total[i] > 0) {
        classes.put(classNames.get(i), (double) right[i] / total[i]);
      }
    }
    double all = (double) LongStream.of(right).sum() / LongStream.of(total).sum();
    return new Accuracy(all, classes, loss);
  }
}
