package dev.lora4j.llm.task.data;

import dev.lora4j.llm.encoder.SequenceTokenizer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.tokenizer.Tokenizer;

/**
 * Tokenizes texts and pairs for a task, with special tokens, truncated to a maximum length; the
 * longer text of a pair is truncated first. Thread-safe.
 */
public final class TaskTokenizer {
  private final Tokenizer tokenizer;
  private final SequenceTokenizer sequences;

  /**
   * @param maxTokens maximum number of tokens of an input, special tokens included
   */
  public TaskTokenizer(Tokenizer tokenizer, int maxTokens) {
    this.tokenizer = tokenizer;
    sequences = new SequenceTokenizer(tokenizer, maxTokens);
  }

  public int maxTokens() {
    return sequences.maxTokens();
  }

  /** A tokenizer with another limit. */
  public TaskTokenizer limitedTo(int limit) {
    return new TaskTokenizer(tokenizer, limit);
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Returns the number of texts and pairs that were truncated so far. */
  public long truncated() {
    return sequences.truncated();
  }

  /** Tokenizes a text. */
  public TokenSequence tokenize(String text) {
    return notEmpty(sequences.encode(text));
  }

  /** Tokenizes a pair of texts that the model reads together. */
  public TokenSequence tokenize(String first, String second) {
    return notEmpty(sequences.encode(first, second));
  }

  /** Returns the end token for an empty text around which the tokenizer adds nothing. */
  private TokenSequence notEmpty(TokenSequence tokens) {
    return tokens.length() > 0 ? tokens : TokenSequence.of(tokenizer.special().eos().orElse(0));
  }
}
