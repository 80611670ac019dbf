package dev.lora4j.llm.task.score;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The score of predicted numbers.
 *
 * @param rmse root mean squared error
 * @param mae mean absolute error
 * @param pearson Pearson's correlation
 * @param spearman Spearman's rank correlation
 * @param sample some of the predictions, evenly spaced, for a picture
 */
public record NumberScore(
    double rmse,
    double mae,
    double pearson,
    double spearman,
    long examples,
    List<PredictedNumber> sample)
    implements TaskScore {
  private static final int SAMPLE = 500;

  public NumberScore {
    sample = List.copyOf(sample);
  }

  public static NumberScore of(double[] targets, double[] predictions) {
    double squares = 0;
    double sizes = 0;
    for (int i = 0; i < targets.length; i++) {
      double difference = predictions[i] - targets[i];
      squares += difference * difference;
      sizes += Math.abs(difference);
    }
    int n = Math.max(1, targets.length);
    return new NumberScore(
        Math.sqrt(squares / n),
        sizes / n,
        Correlation.pearson(predictions, targets),
        Correlation.spearman(predictions, targets),
        targets.length,
        sample(targets, predictions));
  }

  private static List<PredictedNumber> sample(double[] targets, double[] predictions) {
    int step = Math.max(1, (targets.length + SAMPLE - 1) / SAMPLE);
    return IntStream.iterate(0, i -> i < targets.length, i -> i + step)
        .mapToObj(i -> new PredictedNumber(targets[i], predictions[i]))
        .toList();
  }

  @Override
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("rmse", rmse);
    if (Double.isFinite(spearman)) { // not if all predictions are equal
      metrics.put("spearman", spearman);
      metrics.put("pearson", pearson);
    }
    return metrics;
  }
}
