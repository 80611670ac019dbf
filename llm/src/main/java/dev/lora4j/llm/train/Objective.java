package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.model.LanguageModel;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A training objective with its data: the loss of a batch as a function of each token's loss. */
public interface Objective {

  /** The examples, in groups that stay together, such as the answers of a preference pair. */
  TrainValidationSplit<List<Example>> groups();

  /** The settings that a resumed run must share, besides the data; recorded in {@code run.json}. */
  Map<String, String> settings();

  /**
   * Computes the loss of a micro-batch, summed over its units.
   *
   * @param weights {@code [numLossTokens]}, filled with the derivative of the sum by each token's
   *     loss
   */
  double lossAndGradientWeights(TokenLosses losses, float[] weights);

  /** Returns whether the loss needs the reference model; dropout is then off for both. */
  boolean needsReference();

  /** Returns the number of units that the loss is averaged over. */
  default long normalizer(GlobalBatch batch) {
    return batch.rows().size();
  }

  /** Returns examples whose mean log-ratio is the batch's {@link TokenLosses#baseline}. */
  default List<Example> baselineExamples(GlobalBatch batch, int maxTokens) {
    return List.of();
  }

  /** Adds the metrics that steps and evaluations report besides the loss. */
  default void addMetrics(TokenLosses losses, MeanMetrics metrics) {}

  /** The noun for a group in messages. */
  default String noun() {
    return "example";
  }

  /** The prefix that turns a group's name into the name of one of its examples. */
  default String prefixOf(int indexInGroup) {
    return "";
  }

  // ---- batches ----

  /**
   * Checks that the objective can use these batches.
   *
   * @throws UserError if not
   */
  default void check(BatchConfig batching) {
    if (batching.packed()) {
      throw new UserError(noun() + "s can't be packed; switch packing off");
    }
  }

  /** The sampler of the global batches of each epoch. */
  default BatchSampler steps(TrainingArguments settings) {
    return BatchSampler.ofGroups(
        groups().train(), settings.batching().globalBatchSize(), settings.seed());
  }

  /** The validation batches, the same each time. */
  default List<GlobalBatch> validBatches(int rows) {
    return BatchSampler.ofGroups(groups().valid(), rows, 0).epoch(0);
  }

  // ---- examples ----

  /** All examples, the training examples first. */
  default List<Example> examples() {
    return Stream.concat(groups().train().stream(), groups().valid().stream())
        .flatMap(List::stream)
        .toList();
  }

  /** Name of an example in messages, by its index in {@link #examples}. */
  default String nameOf(int index) {
    int size = groups().train().get(0).size();
    int group = index / size;
    int train = groups().train().size();
    String name =
        group < train
            ? noun() + " " + (group + 1)
            : "validation " + noun() + " " + (group - train + 1);
    return prefixOf(index % size) + name;
  }

  /**
   * Checks all examples before anything is computed.
   *
   * @throws UserError naming the first that can't be trained on
   */
  default void check(LanguageModel model, int maxTokens) {
    List<Example> examples = examples();
    int limit = Math.min(maxTokens, model.maxPositions());
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      if (example.length() > limit) {
        throw new UserError(
            "%s has %d tokens, but %s is %d; truncate it, or raise the limit"
                .formatted(
                    nameOf(i),
                    example.length(),
                    limit == maxTokens ? "max tokens" : "the model's maximum sequence length",
                    limit));
      }
      if (example.lossTokens() == 0) {
        throw new UserError(nameOf(i) + " has no loss tokens");
      }
      checkVocabulary(i, example, model.vocabularySize());
    }
  }

  private void checkVocabulary(int index, Example example, int vocabulary) {
    for (int i = 0; i < example.length(); i++) {
      int token = example.token(i);
      if (token < 0 || token >= vocabulary) {
        throw new UserError(
            "%s has token %d, but the model's vocabulary has 0 to %d; is the tokenizer another model's?"
                .formatted(nameOf(index), token, vocabulary - 1));
      }
    }
  }

  static void requireTraining(TrainValidationSplit<?> groups) {
    if (groups.train().isEmpty()) {
      throw new UserError("no examples to train on");
    }
  }

  /** Refuses a hyperparameter that is not a finite number above 0. */
  static void requirePositive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new UserError(name + " must be more than 0 and finite, found " + value);
    }
  }
}
