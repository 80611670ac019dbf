package dev.lora4j.models.training;

import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The mean of {@code −log p(token)} over the tokens that carry loss. */
record NextToken(TuningData.Texts data, TuningSettings settings) implements Objective {

  @Override
  public double judge(MicroBatch batch, float[] losses, float[] ofBase, float[] weights) {
    double sum = 0;
    for (float loss : losses) {
      sum += loss;
    }
    Arrays.fill(weights, 1);
    return sum;
  }

  @Override
  public boolean comparesWithBase() {
    return false;
  }

  @Override
  public long units(TextStep step) {
    return step.lossTokens();
  }

  @Override
  public TextSteps steps() {
    Batching batching = settings.batching();
    return batching.packed()
        ? TextSteps.packed(
            data.train(), batching.maxTokens(), batching.rowsInStep(), settings.seed())
        : TextSteps.byLength(data.train(), batching.rowsInStep(), settings.seed());
  }

  @Override
  public List<TextStep> heldBack() {
    return TextSteps.byLength(data.valid(), settings.batching().rows(), 0).epoch(0);
  }

  @Override
  public List<Example> examples() {
    List<Example> all = new ArrayList<>(data.train());
    all.addAll(data.valid());
    return all;
  }

  @Override
  public String nameOf(int index) {
    int train = data.train().size();
    return index < train ? "example " + (index + 1) : "held-back example " + (index - train + 1);
  }
}
