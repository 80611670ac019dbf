package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290, eq. 7): the mean over the
 * pairs, with the chosen answer first, of {@code −log σ(β (log π(chosen) − log ref(chosen) − log
 * π(rejected) + log ref(rejected)))}. The reference is the base model without the adapter.
 *
 * @param beta strength of the pull towards the reference; usually 0.1
 */
public record DpoObjective(TrainValidationSplit<List<Example>> groups, double beta)
    implements Objective {
  private static final String BETA = "beta";

  public DpoObjective {
    Objective.requireTraining(groups);
    Objective.requirePositive(BETA, beta);
  }

  /** The objective on these pairs; {@code valid} may be empty. */
  public DpoObjective(List<PreferencePair> train, List<PreferencePair> valid, double beta) {
    this(
        new TrainValidationSplit<>(train, valid)
            .map(pair -> List.of(pair.chosen(), pair.rejected())),
        beta);
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

  private interface LossVisitor {
    void accept(int n, int pair, boolean chosen);
  }

  private static void forEachLoss(MicroBatch batch, LossVisitor visitor) {
    for (int n = 0; n < batch.numLossTokens(); n++) {
      int answer = batch.owners()[n];
      visitor.accept(n, answer / 2, answer % 2 == 0);
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
  public static final class Provider extends ObjectiveProvider {
    public Provider() {
      super(
          "dpo",
          "direct preference optimisation",
          List.of(StandardFormat.PREFERENCE),
          Map.of(BETA, 0.1));
    }

    @Override
    public Objective create(
        TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters) {
      return new DpoObjective(groups, value(parameters, BETA));
    }
  }
}
