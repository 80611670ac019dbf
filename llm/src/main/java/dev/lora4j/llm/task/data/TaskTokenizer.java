package dev.lora4j.llm.task.data;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Tokenizes texts and pairs for a task. A text over the limit loses tokens at its end; of a pair,
 * the longer text loses them first. Special tokens stay.
 */
public final class TaskTokenizer {
  private final Tokenizer tokenizer;
  private final int maxTokens;

  /**
   * @param maxTokens maximum number of tokens of an input, special tokens included
   */
  public TaskTokenizer(Tokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
  }

  public int maxTokens() {
    return maxTokens;
  }

  /** A tokenizer with another limit. */
  public TaskTokenizer limitedTo(int limit) {
    return new TaskTokenizer(tokenizer, limit);
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * An input, and whether tokens were removed from it.
   *
   * @param tokens the input with its special tokens
   */
  public record Tokenized(TokenSequence tokens, boolean truncated) {}

  /** Tokenizes a text. */
  public Tokenized tokenize(String text) {
    TokenSequence whole = tokenizer.sequence(text);
    if (whole.length() <= maxTokens) {
      return new Tokenized(whole, false);
    }
    int[] content = tokenizer.encodePlain(text);
    int begin = beginOf(content, whole.ids(), 0);
    int kept = Math.max(1, content.length - (whole.length() - maxTokens));
    return new Tokenized(without(whole, begin + kept, begin + content.length), true);
  }

  /** Tokenizes a pair of texts that the model reads together. */
  public Tokenized tokenize(String first, String second) {
    TokenSequence whole = tokenizer.pair(first, second);
    if (whole.length() <= maxTokens) {
      return new Tokenized(whole, false);
    }
    int[] one = tokenizer.encodePlain(first);
    int[] two = tokenizer.encodePlain(second);
    int begin = beginOf(one, whole.ids(), 0);
    int beginOfSecond = beginOf(two, whole.ids(), begin + one.length);
    int keptOfFirst = one.length;
    int keptOfSecond = two.length;
    for (int excess = whole.length() - maxTokens; excess > 0; excess--) {
      if (keptOfFirst > keptOfSecond) {
        keptOfFirst = Math.max(1, keptOfFirst - 1);
      } else {
        keptOfSecond = Math.max(1, keptOfSecond - 1);
      }
    }
    TokenSequence cut = without(whole, beginOfSecond + keptOfSecond, beginOfSecond + two.length);
    return new Tokenized(without(cut, begin + keptOfFirst, begin + one.length), true);
  }

  /** Returns where content begins among ids with special tokens, from an index on. */
  private static int beginOf(int[] content, int[] ids, int from) {
    for (int i = from; i + content.length <= ids.length; i++) {
      if (Arrays.equals(ids, i, i + content.length, content, 0, content.length)) {
        return i;
      }
    }
    throw new IllegalStateException("the tokens of a text are not among those with special ones");
  }

  /** Removes the tokens of a range. */
  private static TokenSequence without(TokenSequence tokens, int from, int to) {
    return new TokenSequence(
        without(tokens.ids(), from, to),
        tokens.typeIds().length == 0 ? new int[0] : without(tokens.typeIds(), from, to));
  }

  private static int[] without(int[] values, int from, int to) {
    int[] rest = Arrays.copyOf(values, values.length - (to - from));
    System.arraycopy(values, to, rest, from, values.length - to);
    return rest;
  }
}
