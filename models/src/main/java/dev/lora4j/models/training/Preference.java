package dev.lora4j.models.training;

import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.models.text.PreferencePair;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290, eq. 7). A pair is two
 * examples that stay together: the better answer, and the other one.
 */
record Preference(TuningData.Preferences data, TuningSettings settings) implements Objective {
  @Override
  public double judge(MicroBatch batch, float[] losses, float[] ofBase, float[] weights) {
    double[] gain = gains(batch, losses, ofBase);
    double sum = 0;
    double[] pull = new double[pairs(batch)];
    for (int pair = 0; pair < pull.length; pair++) {
      double z = data.beta() * gain[pair];
      sum += softplus(-z); // −log σ(z)
      pull[pair] = data.beta() / (1 + Math.exp(z)); // β σ(−z)
    }
    forEachLoss(
        batch, (n, pair, chosen) -> weights[n] = (float) (chosen ? pull[pair] : -pull[pair]));
    return sum;
  }

  /** Of each pair: {@code log π/ref(chosen) − log π/ref(rejected)}. */
  private static double[] gains(MicroBatch batch, float[] losses, float[] ofBase) {
    double[] gains = new double[pairs(batch)];
    forEachLoss(
        batch,
        (n, pair, chosen) -> {
          double logRatio = (double) ofBase[n] - losses[n];
          gains[pair] += chosen ? logRatio : -logRatio;
        });
    return gains;
  }

  private static int pairs(MicroBatch batch) {
    return batch.examples().size() / 2;
  }

  private interface LossTaker {
    void take(int n, int pair, boolean chosen);
  }

  private static void forEachLoss(MicroBatch batch, LossTaker taker) {
    for (int n = 0; n < batch.numLossTokens(); n++) {
      int answer = batch.owners()[n];
      taker.take(n, answer / 2, answer % 2 == 0);
    }
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  @Override
  public boolean comparesWithBase() {
    return true;
  }

  @Override
  public long units(TextStep step) {
    return step.rows().size();
  }

  @Override
  public TextSteps steps() {
    return TextSteps.preferences(data.train(), settings.batching().rowsInStep(), settings.seed());
  }

  @Override
  public List<TextStep> heldBack() {
    return TextSteps.preferences(data.valid(), settings.batching().rows(), 0).epoch(0);
  }

  @Override
  public List<Example> examples() {
    List<PreferencePair> pairs = new ArrayList<>(data.train());
    pairs.addAll(data.valid());
    return pairs.stream().flatMap(pair -> Stream.of(pair.chosen(), pair.rejected())).toList();
  }

  @Override
  public String nameOf(int index) {
    String answer = index % 2 == 0 ? "the chosen answer of " : "the rejected answer of ";
    int pair = index / 2;
    int train = data.train().size();
    return answer + (pair < train ? "pair " + (pair + 1) : "held-back pair " + (pair - train + 1));
  }
}
