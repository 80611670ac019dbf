package dev.lora4j.llm.task.predict;

import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.score.Probabilities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The prediction for one text or pair of texts.
 *
 * @param labels names of the outputs
 * @param probabilities of each label, calibrated; of classes they add up to 1
 * @param logits as the head computes them
 */
@SuppressWarnings("ArrayRecordComponent") // compared by their content below
public record Prediction(LabelNames labels, float[] probabilities, float[] logits) {

  /** The most probable label. */
  public String label() {
    return labels.name(Probabilities.mostProbable(probabilities));
  }

  /** The probability of the most probable label. */
  public float probability() {
    return probabilities[Probabilities.mostProbable(probabilities)];
  }

  /** The labels whose probability is above one half, for texts with any number of labels. */
  public List<String> likely() {
    List<String> likely = new ArrayList<>();
    for (int i = 0; i < probabilities.length; i++) {
      if (probabilities[i] > 0.5f) {
        likely.add(labels.name(i));
      }
    }
    return likely;
  }

  /** The probability of each label by its name, in label order. */
  public Map<String, Float> byLabel() {
    Map<String, Float> byLabel = new LinkedHashMap<>();
    for (int i = 0; i < probabilities.length; i++) {
      byLabel.put(labels.name(i), probabilities[i]);
    }
    return byLabel;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Prediction that
        && labels.equals(that.labels)
        && Arrays.equals(logits, that.logits)
        && Arrays.equals(probabilities, that.probabilities);
  }

  @Override
  public int hashCode() {
    return 31 * labels.hashCode() + Arrays.hashCode(logits);
  }

  @Override
  public String toString() {
    return label() + " " + probability();
  }
}
