package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.PreferencePair;
import java.util.List;

/** What is learned, and what is held back to see how well that goes. */
public sealed interface TuningData {

  /** What is never trained on. */
  List<?> valid();

  /**
   * Examples whose marked tokens are learned: the loss is the mean of {@code −log p(token)} over
   * the tokens that carry loss.
   *
   * @param train at least one
   * @param valid never trained on; may be empty
   */
  record Texts(List<Example> train, List<Example> valid) implements TuningData {
    public Texts {
      train = someOf(train);
      valid = List.copyOf(valid);
    }
  }

  /**
   * Answers of which one is better: direct preference optimisation (Rafailov et al. 2023, <a
   * href="https://arxiv.org/abs/2305.18290">arXiv:2305.18290</a>, eq. 7). The reference is the base
   * without the adapter. The loss is the mean over the pairs of {@code −log σ(β (log π(chosen) −
   * log ref(chosen) − log π(rejected) + log ref(rejected)))}.
   *
   * @param train at least one pair
   * @param valid never trained on; may be empty
   * @param beta how much the model is held back from leaving the reference; usually 0.1
   */
  record Preferences(List<PreferencePair> train, List<PreferencePair> valid, double beta)
      implements TuningData {
    public Preferences {
      train = someOf(train);
      valid = List.copyOf(valid);
      if (!(beta > 0) || Double.isInfinite(beta)) {
        throw new UserError("beta must be more than 0 and finite, found " + beta);
      }
    }
  }

  private static <T> List<T> someOf(List<T> train) {
    if (train.isEmpty()) {
      throw new UserError("no examples to train on");
    }
    return List.copyOf(train);
  }
}
