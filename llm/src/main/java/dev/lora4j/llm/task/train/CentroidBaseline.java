package dev.lora4j.llm.task.train;

import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A classifier without training, to compare with: the class whose mean vector is nearest to that of
 * a text, by cosine, with the mean of the frozen base's hidden states as a text's vector.
 */
public final class CentroidBaseline {
  private static final int MAX_TRAINING = 2000;
  private static final int TEXTS_AT_ONCE = 32;

  private CentroidBaseline() {}

  /**
   * Returns the accuracy on the validation examples.
   *
   * @param model its base has the hidden states; in evaluation mode
   * @param classes number of classes
   * @return empty without validation examples, or if the network has no hidden states of its own
   */
  public static OptionalDouble accuracy(
      LoraModel model,
      TaskNetwork network,
      TrainValidationSplit<TaskExample> examples,
      int classes,
      Workers workers) {
    List<TaskExample> train =
        examples.train().subList(0, Math.min(MAX_TRAINING, examples.train().size()));
    Optional<float[][]> known = vectors(model, network, train, workers);
    if (known.isEmpty() || examples.valid().isEmpty()) {
      return OptionalDouble.empty();
    }
    double[][] centroids = new double[classes][known.get()[0].length];
    for (int i = 0; i < train.size(); i++) {
      add(centroids[train.get(i).label()], known.get()[i]);
    }
    float[][] asked = vectors(model, network, examples.valid(), workers).orElseThrow();
    long right =
        IntStream.range(0, asked.length)
            .filter(i -> nearest(centroids, asked[i]) == examples.valid().get(i).label())
            .count();
    return OptionalDouble.of((double) right / asked.length);
  }

  private static void add(double[] centroid, float[] vector) {
    double length = length(vector);
    for (int i = 0; i < vector.length; i++) {
      centroid[i] += vector[i] / length;
    }
  }

  private static double length(float... vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    return Math.max(Math.sqrt(squares), 1e-12);
  }

  private static int nearest(double[][] centroids, float[] vector) {
    int best = 0;
    double highest = Double.NEGATIVE_INFINITY;
    for (int label = 0; label < centroids.length; label++) {
      double product = 0;
      double squares = 0;
      for (int i = 0; i < vector.length; i++) {
        product += centroids[label][i] * vector[i];
        squares += centroids[label][i] * centroids[label][i];
      }
      double cosine = squares == 0 ? Double.NEGATIVE_INFINITY : product / Math.sqrt(squares);
      if (cosine > highest) {
        highest = cosine;
        best = label;
      }
    }
    return best;
  }

  /** The mean hidden state of each example's text. */
  private static Optional<float[][]> vectors(
      LoraModel model, TaskNetwork network, List<TaskExample> examples, Workers workers) {
    float[][] vectors = new float[examples.size()][];
    AtomicInteger next = new AtomicInteger();
    boolean[] none = new boolean[workers.count()];
    workers.run(
        worker -> {
          for (int from = next.getAndAdd(TEXTS_AT_ONCE);
              from < vectors.length && !none[worker];
              from = next.getAndAdd(TEXTS_AT_ONCE)) {
            int to = Math.min(vectors.length, from + TEXTS_AT_ONCE);
            none[worker] = !compute(model, network, examples.subList(from, to), from, vectors);
          }
        });
    return IntStream.range(0, none.length).anyMatch(worker -> none[worker])
        ? Optional.empty()
        : Optional.of(vectors);
  }

  private static boolean compute(
      LoraModel model,
      TaskNetwork network,
      List<TaskExample> examples,
      int from,
      float[][] vectors) {
    List<TokenSequence> texts = examples.stream().map(example -> example.texts().get(0)).toList();
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdapterScope base = model.disabled()) {
      Optional<Tensor> means = network.means(texts);
      for (int i = 0; means.isPresent() && i < texts.size(); i++) {
        vectors[from + i] = Ops.floats(means.get().select(0, i));
      }
      return means.isPresent();
    }
  }
}
