package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Kahneman-Tversky optimisation (Ethayarajh et al. 2024, arXiv:2402.01306, eq. 7), as TRL's {@code
 * KTOTrainer} computes it. An example is desirable if its score is 1, undesirable if it is 0. With
 * the log-ratio {@code r = log π(y|x) − log ref(y|x)}, the loss is the mean over the examples of
 * {@code w_D (1 − σ(β (r − z)))} if desirable, else {@code w_U (1 − σ(β (z − r)))}.
 *
 * <p>The reference point {@code z} estimates {@code KL(π ‖ ref)}: the mean log-ratio of mismatched
 * pairs in the whole batch, at least 0, without gradient. As in TRL, completions rotate by one: the
 * first prompt of the batch gets the last completion, every other prompt the one before its own. A
 * pair longer than the maximum sequence length is truncated at its end.
 *
 * @param beta strength of the pull towards the reference; usually 0.1
 * @param desirableWeight w_D, usually 1, as w_U
 */
public record KtoObjective(
    TrainValidationSplit<List<Example>> groups,
    double beta,
    double desirableWeight,
    double undesirableWeight)
    implements Objective {
  private static final String BETA = "beta";
  private static final String DESIRABLE = "desirable_weight";
  private static final String UNDESIRABLE = "undesirable_weight";

  public KtoObjective {
    Objective.requireTraining(groups);
    Objective.requirePositive(BETA, beta);
    Objective.requirePositive(DESIRABLE, desirableWeight);
    Objective.requirePositive(UNDESIRABLE, undesirableWeight);
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("objective", "KTO");
    settings.put(BETA, Double.toString(beta));
    settings.put(DESIRABLE, Double.toString(desirableWeight));
    settings.put(UNDESIRABLE, Double.toString(undesirableWeight));
    return settings;
  }

  @Override
  public void check(BatchConfig batching) {
    Objective.super.check(batching);
    if (batching.batchSize() < 2) {
      throw new UserError(
          "KTO needs a batch size of at least 2, found 1: mismatched pairs estimate the KL term");
    }
  }

  @Override
  public boolean needsReference() {
    return true;
  }

  // ---- the KL term ----

  @Override
  public List<Example> baselineExamples(GlobalBatch batch, int maxTokens) {
    List<Example> examples = batch.examples();
    List<Example> mismatched = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      Example other = examples.get(i == 0 ? examples.size() - 1 : i - 1);
      mismatched.add(mismatched(examples.get(i), other, maxTokens));
    }
    return mismatched;
  }

  /** The prompt of one example with the completion of another. */
  private static Example mismatched(Example prompt, Example completion, int maxTokens) {
    int begin = completionStart(completion);
    int seam = completionStart(prompt);
    int length = seam + completion.length() - begin;
    int[] tokens = Arrays.copyOf(prompt.tokens(), length);
    boolean[] loss = new boolean[length];
    System.arraycopy(completion.tokens(), begin, tokens, seam, length - seam);
    System.arraycopy(completion.loss(), begin, loss, seam, length - seam);
    int truncated = Math.min(length, maxTokens);
    return Example.of(Arrays.copyOf(tokens, truncated), Arrays.copyOf(loss, truncated));
  }

  private static int completionStart(Example example) {
    int start = 1;
    while (!example.carriesLoss(start)) {
      start++;
    }
    return start;
  }

  private static double kl(TokenLosses losses) {
    return Math.max(0, losses.baseline());
  }

  // ---- the loss ----

  @Override
  public double lossAndGradientWeights(TokenLosses losses, float[] weights) {
    double[] logRatios = losses.logRatios();
    double[] slope = new double[logRatios.length]; // the derivative by log p
    double sum = 0;
    for (int i = 0; i < slope.length; i++) {
      boolean desirable = isDesirable(losses, i);
      double weight = desirable ? desirableWeight : undesirableWeight;
      double sign = desirable ? 1 : -1;
      double sigmoid = 1 / (1 + Math.exp(-sign * beta * (logRatios[i] - kl(losses))));
      sum += weight * (1 - sigmoid);
      slope[i] = -sign * weight * beta * sigmoid * (1 - sigmoid);
    }
    for (int n = 0; n < losses.count(); n++) {
      weights[n] = (float) -slope[losses.batch().owners()[n]]; // the token's loss is −log p
    }
    return sum;
  }

  private static boolean isDesirable(TokenLosses losses, int example) {
    return losses.batch().examples().get(example).score() > 0;
  }

  /** Adds TRL's {@code kl}, and the mean {@code β r} of desirable and of undesirable examples. */
  @Override
  public void addMetrics(TokenLosses losses, MeanMetrics metrics) {
    double[] logRatios = losses.logRatios();
    for (int i = 0; i < logRatios.length; i++) {
      metrics.add("kl", kl(losses));
      metrics.add(
          isDesirable(losses, i) ? "rewards_chosen" : "rewards_rejected", beta * logRatios[i]);
    }
  }

  /** {@code kto}: completions, each labelled as desirable or not. */
  public static final class Provider extends ObjectiveProvider {
    public Provider() {
      super("kto", "Kahneman-Tversky optimisation", List.of(new LabeledFormat()), defaults());
    }

    private static Map<String, Double> defaults() {
      Map<String, Double> defaults = new LinkedHashMap<>();
      defaults.put(BETA, 0.1);
      defaults.put(DESIRABLE, 1.0);
      defaults.put(UNDESIRABLE, 1.0);
      return defaults;
    }

    @Override
    public Objective create(
        TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters) {
      return new KtoObjective(
          groups,
          value(parameters, BETA),
          value(parameters, DESIRABLE),
          value(parameters, UNDESIRABLE));
    }
  }
}
