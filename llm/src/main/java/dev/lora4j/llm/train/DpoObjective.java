package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.DataForm;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.llm.dataset.StandardForm;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Direct preference optimisation (Rafailov et al. 2023, <a
 * href="https://arxiv.org/abs/2305.18290">arXiv:2305.18290</a>, eq. 7). The reference is the base
 * model without the adapter. The loss is the mean over the pairs of {@code −log σ(β (log π(chosen)
 * − log ref(chosen) − log π(rejected) + log ref(rejected)))}.
 *
 * @param train at least one pair
 * @param valid never trained on; may be empty
 * @param beta strength of the pull towards the reference; usually 0.1
 */
public record DpoObjective(List<PreferencePair> train, List<PreferencePair> valid, double beta)
    implements Objective {
  private static final String BETA = "beta";

  public DpoObjective {
    train = Objective.nonEmpty(train);
    valid = List.copyOf(valid);
    Objective.requirePositive(BETA, beta);
  }

  @Override
  public List<List<Example>> trainGroups() {
    return groups(train);
  }

  @Override
  public List<List<Example>> validGroups() {
    return groups(valid);
  }

  private static List<List<Example>> groups(List<PreferencePair> pairs) {
    return pairs.stream().map(pair -> List.of(pair.chosen(), pair.rejected())).toList();
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("objective", "Preferences");
    settings.put(BETA, Double.toString(beta));
    return settings;
  }

  @Override
  public double lossAndGradientWeights(TokenLosses losses, float[] weights) {
    double[] margin = margins(losses);
    double sum = 0;
    double[] slope = new double[margin.length];
    for (int pair = 0; pair < slope.length; pair++) {
      double z = beta * margin[pair];
      sum += softplus(-z); // −log σ(z)
      slope[pair] = beta / (1 + Math.exp(z)); // β σ(−z)
    }
    forEachLoss(
        losses.batch(),
        (n, pair, chosen) -> weights[n] = (float) (chosen ? slope[pair] : -slope[pair]));
    return sum;
  }

  /** {@code log π/ref(chosen) − log π/ref(rejected)} of each pair. */
  private static double[] margins(TokenLosses losses) {
    double[] margins = new double[losses.batch().examples().size() / 2];
    forEachLoss(
        losses.batch(),
        (n, pair, chosen) -> margins[pair] += chosen ? losses.logRatio(n) : -losses.logRatio(n));
    return margins;
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
  public boolean needsReference() {
    return true;
  }

  @Override
  public String noun() {
    return "pair";
  }

  @Override
  public String prefixOf(int indexInGroup) {
    return indexInGroup == 0 ? "the chosen answer of " : "the rejected answer of ";
  }

  /** {@code dpo}: pairs of answers, the better one first. */
  public static final class Provider implements ObjectiveProvider {
    @Override
    public String name() {
      return "dpo";
    }

    @Override
    public String fullName() {
      return "direct preference optimisation";
    }

    @Override
    public List<DataForm> forms() {
      return List.of(StandardForm.PREFERENCE);
    }

    @Override
    public Map<String, Double> defaults() {
      return Map.of(BETA, 0.1);
    }

    @Override
    public Objective create(
        TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters) {
      TrainValidationSplit<PreferencePair> pairs =
          groups.map(group -> new PreferencePair(group.get(0), group.get(1)));
      return new DpoObjective(
          pairs.train(), pairs.valid(), ObjectiveProvider.value(parameters, BETA));
    }
  }
}
