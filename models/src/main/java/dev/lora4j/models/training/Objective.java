package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import java.util.List;

/** What is made smaller, as a function of each token's {@code −log p}. */
sealed interface Objective permits NextToken, Preference {

  /** That of these data. */
  static Objective of(TuningData data, TuningSettings settings) {
    if (data instanceof TuningData.Preferences preferences) {
      return new Preference(preferences, settings);
    }
    return new NextToken((TuningData.Texts) data, settings);
  }

  /**
   * The loss of a batch, summed over its units.
   *
   * @param losses of the tokens that carry loss, in the batch's order
   * @param ofBase the same of the base alone; empty if nothing is compared with it
   * @param weights filled with what the sum gains when a token's loss gains one
   */
  double judge(MicroBatch batch, float[] losses, float[] ofBase, float[] weights);

  /** Whether losses are compared with the base's. */
  boolean comparesWithBase();

  /** What the mean is taken over: tokens with loss, or pairs. */
  long units(TextStep step);

  /** The steps of an epoch. */
  TextSteps steps();

  /** What was held back, in batches; the same each time. */
  List<TextStep> heldBack();

  /** All examples, those to train on first; where a pair is, both answers. */
  List<Example> examples();

  /** How an example is called, such as {@code example 17}. */
  String nameOf(int index);

  /**
   * Looks at all examples before anything is computed.
   *
   * @throws UserError naming the first that can't be learned
   */
  default void check(LanguageModel model, int maxTokens) {
    List<Example> examples = examples();
    int longest = Math.min(maxTokens, model.maxPositions());
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      if (example.length() > longest) {
        throw new UserError(
            "%s has %d tokens, but %s is %d; cut it, or allow more"
                .formatted(
                    nameOf(i),
                    example.length(),
                    longest == maxTokens ? "max tokens" : "the model's longest text",
                    longest));
      }
      if (example.lossTokens() == 0) {
        throw new UserError(nameOf(i) + " has no token that carries loss");
      }
      checkVocabulary(example, nameOf(i), model.vocabularySize());
    }
  }

  private static void checkVocabulary(Example example, String name, int vocabulary) {
    for (int i = 0; i < example.length(); i++) {
      int token = example.token(i);
      if (token < 0 || token >= vocabulary) {
        throw new UserError(
            "%s has token %d, but the model's vocabulary has 0 to %d; is the tokenizer another model's?"
                .formatted(name, token, vocabulary - 1));
      }
    }
  }
}
