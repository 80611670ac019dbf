package dev.lora4j.llm.task.score;

/** Probabilities from logits. */
public final class Probabilities {
  private Probabilities() {}

  /**
   * The softmax of logits divided by a temperature.
   *
   * @param logits {@code [classes]}
   * @return {@code [classes]}, which add up to 1
   */
  public static float[] softmax(float[] logits, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double[] powers = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      powers[i] = Math.exp((logits[i] - max) / temperature);
      sum += powers[i];
    }
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = (float) (powers[i] / sum);
    }
    return probabilities;
  }

  /**
   * The sigmoid of each logit divided by a temperature.
   *
   * @param logits {@code [labels]}
   * @return {@code [labels]}, each in {@code [0, 1]}
   */
  public static float[] sigmoid(float[] logits, double temperature) {
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = (float) (1 / (1 + Math.exp(-logits[i] / temperature)));
    }
    return probabilities;
  }

  /** Index of the largest value; the first of equal ones. */
  public static int mostProbable(float... values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }
}
