package dev.lora4j.llm.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CalibrationTest {
  private static final int EXAMPLES = 4000;

  /** Draws classes with the probabilities of logits, and returns logits that are too large. */
  private static Calibration of(double factor) {
    SplittableRandom random = new SplittableRandom(5);
    float[][] logits = new float[EXAMPLES][3];
    int[] targets = new int[EXAMPLES];
    for (int i = 0; i < EXAMPLES; i++) {
      for (int label = 0; label < 3; label++) {
        logits[i][label] = (float) (4 * random.nextDouble() - 2);
      }
      float[] probabilities = Probabilities.softmax(logits[i], 1);
      double drawn = random.nextDouble();
      targets[i] =
          drawn < probabilities[0] ? 0 : drawn < probabilities[0] + probabilities[1] ? 1 : 2;
      for (int label = 0; label < 3; label++) {
        logits[i][label] *= (float) factor;
      }
    }
    return Calibration.ofClasses(targets, logits);
  }

  @Test
  void overconfidentLogitsAreDividedByTheirFactor() {
    Calibration calibration = of(3);

    assertThat(calibration.temperature()).isCloseTo(3, within(0.2));
    assertThat(calibration.errorBefore()).isGreaterThan(0.1);
    assertThat(calibration.errorAfter()).isLessThan(0.03);
  }

  @Test
  void rightProbabilitiesKeepATemperatureOfOne() {
    assertThat(of(1).temperature()).isCloseTo(1, within(0.07));
  }

  @Test
  void errorIsTheGapOfEachBinByHand() {
    float[][] probabilities = {{0.9f, 0.1f}, {0.9f, 0.1f}, {0.4f, 0.6f}};

    double error = Calibration.error(new int[] {0, 1, 1}, probabilities);

    // bin of 0.9: |1.8 − 1|; bin of 0.6: |0.6 − 1|
    assertThat(error).isCloseTo((0.8 + 0.4) / 3, within(1e-6));
    List<CalibrationBin> bins = Calibration.bins(new int[] {0, 1, 1}, probabilities);
    assertThat(bins).hasSize(2);
    assertThat(bins.get(0).confidence()).isCloseTo(0.6, within(1e-6));
    assertThat(bins.get(0).accuracy()).isEqualTo(1);
    assertThat(bins.get(1)).isEqualTo(new CalibrationBin(bins.get(1).confidence(), 0.5, 2));
  }

  @Test
  void labelsAreCalibratedTogether() {
    SplittableRandom random = new SplittableRandom(6);
    float[][] logits = new float[EXAMPLES][2];
    boolean[][] targets = new boolean[EXAMPLES][2];
    for (int i = 0; i < EXAMPLES; i++) {
      for (int label = 0; label < 2; label++) {
        double z = 4 * random.nextDouble() - 2;
        targets[i][label] = random.nextDouble() < 1 / (1 + Math.exp(-z));
        logits[i][label] = (float) (0.5 * z);
      }
    }

    assertThat(Calibration.ofLabels(targets, logits).temperature()).isCloseTo(0.5, within(0.05));
  }

  @Test
  void aModelThatIsAlwaysRightKeepsADoubt() {
    float[][] logits = {{5, 0}, {0, 5}, {6, 0}};

    Calibration calibration = Calibration.ofClasses(new int[] {0, 1, 0}, logits);

    float[] probabilities = Probabilities.softmax(logits[0], calibration.temperature());
    assertThat(probabilities[0]).isBetween(0.7f, 0.85f); // about 1 − 1 / 5
  }

  @Test
  void nothingHeldOutIsNoCalibration() {
    assertThat(Calibration.ofClasses(new int[0], new float[0][])).isEqualTo(Calibration.NONE);
  }
}
