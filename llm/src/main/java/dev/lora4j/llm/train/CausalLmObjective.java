package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.StandardFormat;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Causal language modelling: the mean of {@code −log p(token)} over the loss tokens. */
public record CausalLmObjective(TrainValidationSplit<List<Example>> groups) implements Objective {
  /** The name of the mean token accuracy among the metrics. */
  public static final String TOKEN_ACCURACY = "mean_token_accuracy";

  public CausalLmObjective {
    Objective.requireTraining(groups);
  }

  /** The objective on these examples; {@code valid} may be empty. */
  public CausalLmObjective(List<Example> train, List<Example> valid) {
    this(new TrainValidationSplit<>(train, valid).map(List::of));
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("objective", "Texts");
  }

  @Override
  public double lossAndGradientWeights(TokenLosses losses, float[] weights) {
    double sum = 0;
    for (int n = 0; n < losses.count(); n++) {
      sum += losses.policy(n);
    }
    Arrays.fill(weights, 1);
    return sum;
  }

  /** Adds the mean token accuracy: how often the label is the most probable token. */
  @Override
  public void addMetrics(TokenLosses losses, MeanMetrics metrics) {
    for (int n = 0; n < losses.count(); n++) {
      metrics.add(TOKEN_ACCURACY, losses.isCorrect(n) ? 1 : 0);
    }
  }

  @Override
  public boolean needsReference() {
    return false;
  }

  @Override
  public long normalizer(GlobalBatch batch) {
    return batch.lossTokens();
  }

  @Override
  public void check(BatchConfig batching) {}

  @Override
  public BatchSampler steps(TrainingArguments settings) {
    BatchConfig batching = settings.batching();
    return batching.packed()
        ? BatchSampler.packed(
            groups.train().stream().flatMap(List::stream).toList(),
            batching.maxSeqLength(),
            batching.globalBatchSize(),
            settings.seed())
        : Objective.super.steps(settings);
  }

  /** {@code sft}: supervised fine-tuning on texts, completions and conversations. */
  public static final class Provider extends ObjectiveProvider {
    public Provider() {
      super("sft", "causal language modelling", StandardFormat.TEXTS, Map.of());
    }

    @Override
    public Objective create(
        TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters) {
      return new CausalLmObjective(groups);
    }
  }
}
