package dev.lora4j.llm.task.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The score of a classifier with any number of labels per example; a label is predicted if its
 * probability is above one half.
 *
 * @param accuracy share of examples all of whose labels are right (subset accuracy)
 * @param microF1 F1 over all decisions
 * @param macroF1 mean F1 of the labels
 * @param nll mean binary cross-entropy of an example, summed over its labels
 * @param classes the labels in order
 */
public record MultiLabelScore(
    double accuracy, double microF1, double macroF1, double nll, List<ClassScore> classes)
    implements TaskScore {
  private static final float THRESHOLD = 0.5f;

  /**
   * Scores predictions.
   *
   * @param names the name of label 0, 1, …
   * @param targets {@code [n][labels]}
   * @param probabilities {@code [n][labels]}
   */
  public static MultiLabelScore of(
      List<String> names, boolean[][] targets, float[][] probabilities) {
    int labels = names.size();
    long[] right = new long[labels];
    long[] support = new long[labels];
    long[] predicted = new long[labels];
    long exact = 0;
    double nll = 0;
    for (int i = 0; i < targets.length; i++) {
      boolean all = true;
      for (int label = 0; label < labels; label++) {
        boolean wanted = targets[i][label];
        boolean given = probabilities[i][label] > THRESHOLD;
        right[label] += wanted && given ? 1 : 0;
        support[label] += wanted ? 1 : 0;
        predicted[label] += given ? 1 : 0;
        all &= wanted == given;
        double p = wanted ? probabilities[i][label] : 1.0 - probabilities[i][label];
        nll -= Math.log(Math.max(p, Float.MIN_VALUE));
      }
      exact += all ? 1 : 0;
    }
    List<ClassScore> classes = new ArrayList<>();
    for (int label = 0; label < labels; label++) {
      classes.add(ClassScore.of(names.get(label), right[label], support[label], predicted[label]));
    }
    return new MultiLabelScore(
        ClassScore.share(exact, targets.length),
        ClassScore.share(2 * sum(right), sum(support) + sum(predicted)),
        ClassScore.macro(classes, ClassScore::f1),
        nll / Math.max(1, targets.length),
        List.copyOf(classes));
  }

  @Override
  public Map<String, Double> metrics() {
    return Map.of("accuracy", accuracy, "micro_f1", microF1, "macro_f1", macroF1);
  }

  private static long sum(long... counts) {
    return Arrays.stream(counts).sum();
  }
}
