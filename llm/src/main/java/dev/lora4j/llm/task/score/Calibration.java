package dev.lora4j.llm.task.score;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Temperature scaling (Guo et al. 2017, arXiv:1706.04599, §4.2): logits are divided by a
 * temperature, fitted to held-out examples, so that a probability of 0.8 is right in eight of ten
 * cases. It never changes the most probable class.
 *
 * <p>The temperature minimises the mean negative log-likelihood of smoothed targets: of n examples,
 * one more is assumed to be wrong, {@code 1 − 1 / (n + 2)} instead of 1 (Platt 1999, §2.2).
 * Otherwise a model that is right in all of them would get probabilities of 1.
 *
 * @param temperature divides the logits; 1 for none
 * @param errorBefore expected calibration error of the held-out examples at temperature 1
 * @param errorAfter the same at the fitted temperature
 * @param examples number of held-out examples
 */
public record Calibration(
    double temperature, double errorBefore, double errorAfter, long examples) {
  /** No calibration: temperature 1, fitted to nothing. */
  public static final Calibration NONE = new Calibration(1, 0, 0, 0);

  private static final int BINS = 15;
  private static final double LARGEST = Math.log(100); // of the temperature and of its reciprocal
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
  private static final double PRECISION = 1e-6;

  /** The mean loss of the held-out examples at a temperature. */
  private interface LossAt {
    double of(double temperature);
  }

  /**
   * Fits the temperature of a classifier with one class per example.
   *
   * @param targets {@code [n]}, class indices
   * @param logits {@code [n][classes]}
   */
  public static Calibration ofClasses(int[] targets, float[][] logits) {
    if (targets.length == 0) {
      return NONE;
    }
    double temperature = lowest(t -> nll(targets, logits, t));
    return new Calibration(
        temperature,
        error(targets, softmax(logits, 1)),
        error(targets, softmax(logits, temperature)),
        targets.length);
  }

  /**
   * Fits the temperature of a classifier with any number of labels per example.
   *
   * @param targets {@code [n][labels]}
   * @param logits {@code [n][labels]}
   */
  public static Calibration ofLabels(boolean[][] targets, float[][] logits) {
    if (targets.length == 0) {
      return NONE;
    }
    double temperature = lowest(t -> nll(targets, logits, t));
    return new Calibration(
        temperature,
        error(targets, logits, 1),
        error(targets, logits, temperature),
        targets.length);
  }

  private static float[][] softmax(float[][] logits, double temperature) {
    float[][] probabilities = new float[logits.length][];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Probabilities.softmax(logits[i], temperature);
    }
    return probabilities;
  }

  private static double nll(int[] targets, float[][] logits, double temperature) {
    double doubt = doubt(targets.length);
    double sum = 0;
    for (int i = 0; i < targets.length; i++) {
      double all = logSumExp(logits[i], temperature);
      double right = all - logits[i][targets[i]] / temperature; // −log p
      double others = 0;
      for (float logit : logits[i]) {
        others += all - logit / temperature;
      }
      int classes = logits[i].length;
      sum += (1 - doubt) * right + doubt * (others - right) / Math.max(1, classes - 1);
    }
    return sum / targets.length;
  }

  private static double doubt(int examples) {
    return 1 / (examples + 2.0);
  }

  private static double logSumExp(float[] logits, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit / temperature);
    }
    double powers = 0;
    for (float logit : logits) {
      powers += Math.exp(logit / temperature - max);
    }
    return max + Math.log(powers);
  }

  private static double nll(boolean[][] targets, float[][] logits, double temperature) {
    double sum = 0;
    for (int i = 0; i < targets.length; i++) {
      for (int label = 0; label < targets[i].length; label++) {
        double z = logits[i][label] / temperature;
        double wrong = targets[i][label] ? -z : z;
        sum += softplus(wrong) - doubt(targets.length) * wrong; // softplus(−w) = softplus(w) − w
      }
    }
    return sum / targets.length;
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /** Golden-section search for the logarithm of the temperature; the loss has one minimum. */
  private static double lowest(LossAt loss) {
    double low = -LARGEST;
    double high = LARGEST;
    double left = high - GOLDEN * (high - low);
    double right = low + GOLDEN * (high - low);
    double atLeft = loss.of(Math.exp(left));
    double atRight = loss.of(Math.exp(right));
    while (high - low > PRECISION) {
      if (atLeft <= atRight) {
        high = right;
        right = left;
        atRight = atLeft;
        left = high - GOLDEN * (high - low);
        atLeft = loss.of(Math.exp(left));
      } else {
        low = left;
        left = right;
        atLeft = atRight;
        right = low + GOLDEN * (high - low);
        atRight = loss.of(Math.exp(right));
      }
    }
    return Math.exp((low + high) / 2);
  }

  // ---- expected calibration error ----

  /**
   * The expected calibration error: the mean gap between confidence and accuracy over 15 bins of
   * confidence, each weighted by its examples.
   *
   * @param targets {@code [n]}, class indices
   * @param probabilities {@code [n][classes]}
   */
  public static double error(int[] targets, float[][] probabilities) {
    return counted(targets, probabilities).error();
  }

  /**
   * Returns the bins of {@link #error(int[], float[][])} that have examples, least confident first.
   */
  public static List<CalibrationBin> bins(int[] targets, float[][] probabilities) {
    return counted(targets, probabilities).filled();
  }

  private static Bins counted(int[] targets, float[][] probabilities) {
    Bins bins = new Bins();
    for (int i = 0; i < targets.length; i++) {
      int best = Probabilities.mostProbable(probabilities[i]);
      bins.add(probabilities[i][best], best == targets[i]);
    }
    return bins;
  }

  /** The same over the decisions on all labels; a label's confidence is {@code max(p, 1 − p)}. */
  private static double error(boolean[][] targets, float[][] logits, double temperature) {
    Bins bins = new Bins();
    for (int i = 0; i < targets.length; i++) {
      float[] probabilities = Probabilities.sigmoid(logits[i], temperature);
      for (int label = 0; label < probabilities.length; label++) {
        boolean predicted = probabilities[label] > 0.5;
        float confidence = predicted ? probabilities[label] : 1 - probabilities[label];
        bins.add(confidence, predicted == targets[i][label]);
      }
    }
    return bins.error();
  }

  /** Counts of predictions by confidence. */
  private static final class Bins {
    private final double[] confidence = new double[BINS];
    private final long[] right = new long[BINS];
    private final long[] count = new long[BINS];
    private long all;

    void add(double probability, boolean isRight) {
      int bin = (int) Math.min(BINS - 1L, Math.max(0, Math.ceil(probability * BINS) - 1));
      confidence[bin] += probability;
      right[bin] += isRight ? 1 : 0;
      count[bin]++;
      all++;
    }

    List<CalibrationBin> filled() {
      return IntStream.range(0, BINS)
          .filter(bin -> count[bin] > 0)
          .mapToObj(
              bin ->
                  new CalibrationBin(
                      confidence[bin] / count[bin], (double) right[bin] / count[bin], count[bin]))
          .toList();
    }

    double error() {
      double gaps = 0;
      for (int bin = 0; bin < BINS; bin++) {
        gaps += Math.abs(confidence[bin] - right[bin]);
      }
      return all == 0 ? 0 : gaps / all;
    }
  }
}
