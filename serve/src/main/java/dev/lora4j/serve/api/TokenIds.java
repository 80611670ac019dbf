package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.http.ApiException;

/**
 * Reads lists of token ids.
 *
 * @param parameter the request's parameter that holds them
 * @param size number of ids that both the tokenizer and the model have
 */
record TokenIds(String parameter, int size) {

  static TokenIds of(String parameter, Tokenizer tokenizer, int vocabularySize) {
    return new TokenIds(parameter, Math.min(tokenizer.vocabularySize(), vocabularySize));
  }

  /**
   * Reads a list.
   *
   * @param place its place in the request, such as {@code input[2]}
   * @throws ApiException if an element is no token id
   */
  int[] read(String place, JsonNode list) {
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = id(place + "[" + i + "]", list.get(i));
    }
    return ids;
  }

  private int id(String place, JsonNode id) {
    if (!id.canConvertToExactIntegral()
        || !id.canConvertToInt()
        || id.intValue() < 0
        || id.intValue() >= size) {
      throw ApiException.invalid(
          parameter,
          "%s: expected a token id from 0 to %d, found %s".formatted(place, size - 1, id));
    }
    return id.intValue();
  }
}
