package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.DataForm;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.StandardForm;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Causal language modelling: the mean of {@code −log p(token)} over the tokens that carry loss.
 *
 * @param train at least one
 * @param valid never trained on; may be empty
 */
public record CausalLmObjective(List<Example> train, List<Example> valid) implements Objective {
  public CausalLmObjective {
    train = Objective.nonEmpty(train);
    valid = List.copyOf(valid);
  }

  @Override
  public List<List<Example>> trainGroups() {
    return train.stream().map(List::of).toList();
  }

  @Override
  public List<List<Example>> validGroups() {
    return valid.stream().map(List::of).toList();
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
            train, batching.maxSeqLength(), batching.globalBatchSize(), settings.seed())
        : Objective.super.steps(settings);
  }

  /** {@code sft}: supervised fine-tuning on texts, completions and conversations. */
  public static final class Provider implements ObjectiveProvider {
    @Override
    public String name() {
      return "sft";
    }

    @Override
    public String fullName() {
      return "causal language modelling";
    }

    @Override
    public List<DataForm> forms() {
      return StandardForm.TEXTS;
    }

    @Override
    public Map<String, Double> defaults() {
      return Map.of();
    }

    @Override
    public Objective create(
        TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters) {
      TrainValidationSplit<Example> examples = groups.map(group -> group.get(0));
      return new CausalLmObjective(examples.train(), examples.valid());
    }
  }
}
