package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Cross-entropy of one class for each text or each labelled token, {@code Σ w(y) (−log p(y)) / Σ
 * w(y)}, as PyTorch's {@code CrossEntropyLoss} with class weights.
 *
 * @param weights the weight of each class; empty for 1
 */
@SuppressWarnings("ArrayRecordComponent") // compared by their content below
public record ClassificationLoss(float[] weights) implements TaskLoss {

  /** Every class has the weight 1. */
  public static ClassificationLoss unweighted() {
    return new ClassificationLoss(new float[0]);
  }

  /**
   * Weights that give each class the same part of the loss, {@code n / (classes · n(class))}, as
   * scikit-learn's {@code balanced}; 1 for a class without examples.
   */
  public static ClassificationLoss balanced(List<TaskExample> train, int classes) {
    long[] counts = new long[classes];
    long all = 0;
    for (TaskExample example : train) {
      for (float target : example.target()) {
        if (target >= 0) {
          counts[(int) target]++;
          all++;
        }
      }
    }
    float[] weights = new float[classes];
    for (int i = 0; i < classes; i++) {
      weights[i] = counts[i] == 0 ? 1 : (float) ((double) all / ((double) classes * counts[i]));
    }
    return new ClassificationLoss(weights);
  }

  @Override
  public String name() {
    return "cross-entropy";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    float[] targets = targets(examples);
    long[] labelled = new long[targets.length];
    long[] classes = new long[targets.length];
    float[] weight = new float[targets.length];
    int count = 0;
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] >= 0) {
        labelled[count] = i;
        classes[count] = (long) targets[i];
        weight[count] = weights.length == 0 ? 1 : weights[(int) targets[i]];
        count++;
      }
    }
    boolean all = count == targets.length;
    Tensor logits =
        all
            ? outputs
            : outputs.index_select(0, LossTensors.indices(Arrays.copyOf(labelled, count), outputs));
    Tensor losses =
        LossTensors.crossEntropies(
            logits, LossTensors.indices(Arrays.copyOf(classes, count), outputs));
    return weights.length == 0
        ? losses.sum()
        : losses.dot(
            Ops.tensor(weight, targets.length)
                .narrow(0, 0, count)
                .to(outputs.device(), ScalarType.Float));
  }

  private static float[] targets(List<TaskExample> examples) {
    float[] all = new float[examples.stream().mapToInt(one -> one.target().length).sum()];
    int at = 0;
    for (TaskExample example : examples) {
      System.arraycopy(example.target(), 0, all, at, example.target().length);
      at += example.target().length;
    }
    return all;
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    double sum = 0;
    for (TaskExample example : examples) {
      for (float target : example.target()) {
        if (target >= 0) {
          sum += weights.length == 0 ? 1 : weights[(int) target];
        }
      }
    }
    return sum;
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(TaskLoss.super.settings());
    settings.put("class_weights", Arrays.toString(weights));
    return settings;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClassificationLoss that && Arrays.equals(weights, that.weights);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(weights);
  }

  @Override
  public String toString() {
    return "ClassificationLoss" + Arrays.toString(weights);
  }
}
