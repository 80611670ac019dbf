package dev.lora4j.llm.task.data;

import dev.lora4j.llm.encoder.TokenSequence;
import java.util.Arrays;
import java.util.List;

/**
 * A tokenized example of a task.
 *
 * @param texts one input; for embeddings, an anchor, its positive and its negatives
 * @param target the class index; 1 and 0 for each label; the number; the label index of each token,
 *     {@link #IGNORED} for tokens that begin no word; or nothing
 * @param group the query that a passage belongs to; empty for other tasks
 */
@SuppressWarnings("ArrayRecordComponent") // compared by their content below
public record TaskExample(List<TokenSequence> texts, float[] target, String group) {
  /** The target of a token without a label, as in PyTorch. */
  public static final int IGNORED = -100;

  public TaskExample {
    texts = List.copyOf(texts);
  }

  /** Number of tokens of all texts. */
  public int length() {
    return texts.stream().mapToInt(TokenSequence::length).sum();
  }

  /** The only number of the target, as an index. */
  public int label() {
    return (int) target[0];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TaskExample that
        && texts.equals(that.texts)
        && Arrays.equals(target, that.target)
        && group.equals(that.group);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * texts.hashCode() + Arrays.hashCode(target)) + group.hashCode();
  }

  @Override
  public String toString() {
    return "TaskExample of " + length() + " tokens, target " + Arrays.toString(target);
  }
}
