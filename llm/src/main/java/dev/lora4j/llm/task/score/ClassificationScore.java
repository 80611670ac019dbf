package dev.lora4j.llm.task.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The score of a classifier with one class per example.
 *
 * @param accuracy share of examples whose most probable class is right
 * @param macroPrecision mean precision of the classes that occur
 * @param macroRecall mean recall of the classes that occur
 * @param macroF1 mean F1 of the classes that occur among targets or predictions
 * @param nll mean of {@code −log p(class)}, in nats
 * @param calibrationError expected calibration error of the most probable class
 * @param bins predictions by their confidence
 * @param classes the classes in label order
 * @param confusion {@code [target][prediction]}: number of examples
 */
public record ClassificationScore(
    double accuracy,
    double macroPrecision,
    double macroRecall,
    double macroF1,
    double nll,
    double calibrationError,
    List<CalibrationBin> bins,
    List<ClassScore> classes,
    List<List<Long>> confusion)
    implements TaskScore {

  /**
   * Scores predictions.
   *
   * @param names the name of class 0, 1, …
   * @param targets {@code [n]}, class indices
   * @param probabilities {@code [n][classes]}
   */
  public static ClassificationScore of(List<String> names, int[] targets, float[][] probabilities) {
    long[][] confusion = new long[names.size()][names.size()];
    double nll = 0;
    for (int i = 0; i < targets.length; i++) {
      confusion[targets[i]][Probabilities.mostProbable(probabilities[i])]++;
      nll -= Math.log(Math.max(probabilities[i][targets[i]], Float.MIN_VALUE));
    }
    List<ClassScore> classes = classes(names, confusion);
    List<ClassScore> occurring = classes.stream().filter(ClassScore::occurs).toList();
    long right = 0;
    for (int i = 0; i < confusion.length; i++) {
      right += confusion[i][i];
    }
    return new ClassificationScore(
        ClassScore.share(right, targets.length),
        ClassScore.macro(occurring, ClassScore::precision),
        ClassScore.macro(occurring, ClassScore::recall),
        ClassScore.macro(occurring, ClassScore::f1),
        nll / Math.max(1, targets.length),
        Calibration.error(targets, probabilities),
        Calibration.bins(targets, probabilities),
        classes,
        rows(confusion));
  }

  private static List<ClassScore> classes(List<String> names, long[][] confusion) {
    List<ClassScore> classes = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      long support = 0;
      long predicted = 0;
      for (int other = 0; other < names.size(); other++) {
        support += confusion[i][other];
        predicted += confusion[other][i];
      }
      classes.add(ClassScore.of(names.get(i), confusion[i][i], support, predicted));
    }
    return classes;
  }

  private static List<List<Long>> rows(long[][] counts) {
    List<List<Long>> rows = new ArrayList<>();
    for (long[] row : counts) {
      List<Long> values = new ArrayList<>();
      for (long count : row) {
        values.add(count);
      }
      rows.add(List.copyOf(values));
    }
    return List.copyOf(rows);
  }

  @Override
  public Map<String, Double> metrics() {
    return Map.of("accuracy", accuracy, "macro_f1", macroF1);
  }

  /** Number of examples. */
  public long examples() {
    return classes.stream().mapToLong(ClassScore::support).sum();
  }
}
