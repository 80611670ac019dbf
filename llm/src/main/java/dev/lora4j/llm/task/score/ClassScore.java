package dev.lora4j.llm.task.score;

import java.util.Collection;
import java.util.function.ToDoubleFunction;

/**
 * Precision, recall and F1 of one class.
 *
 * @param support number of examples of the class
 * @param predicted number of predictions of the class
 */
public record ClassScore(
    String name, double precision, double recall, double f1, long support, long predicted) {

  /**
   * Computes the score from counts.
   *
   * @param right number of its examples that are predicted as the class
   */
  static ClassScore of(String name, long right, long support, long predicted) {
    double precision = share(right, predicted);
    double recall = share(right, support);
    return new ClassScore(
        name, precision, recall, share(2 * right, support + predicted), support, predicted);
  }

  static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /** Returns whether the class occurs among the targets or the predictions. */
  boolean occurs() {
    return support + predicted > 0;
  }

  /** The mean of a figure, in which each class counts once. */
  static double macro(Collection<ClassScore> classes, ToDoubleFunction<ClassScore> figure) {
    return classes.stream().mapToDouble(figure).average().orElse(0);
  }
}
