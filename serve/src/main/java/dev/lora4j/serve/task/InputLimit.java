package dev.lora4j.serve.task;

import dev.lora4j.serve.http.ApiException;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The largest number of tokens that one request may have computed.
 *
 * @param maxTokens of all texts together, after truncation
 */
record InputLimit(long maxTokens) {
  private static final int MAX_BYTES_OF_CHAR = 3; // and so tokens, in UTF-8
  private static final int MAX_ADDED = 256; // special tokens and a reranker's prompt

  /**
   * Checks the texts of a request. Tokens are counted only if the texts are long enough to have too
   * many.
   *
   * @param parameter that holds the texts
   * @param tokens counts the tokens
   * @throws ApiException 400 naming the parameter
   */
  void require(String parameter, List<String> texts, LongSupplier tokens) {
    long atMost =
        texts.stream()
            .mapToLong(text -> MAX_ADDED + (long) MAX_BYTES_OF_CHAR * text.length())
            .sum();
    long found = atMost <= maxTokens ? atMost : tokens.getAsLong();
    if (found > maxTokens) {
      throw ApiException.invalid(
          parameter,
          "%s: at most %,d tokens in total, found %,d".formatted(parameter, maxTokens, found));
    }
  }
}
