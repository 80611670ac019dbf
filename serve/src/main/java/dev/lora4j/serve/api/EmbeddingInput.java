package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.http.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads the {@code input} of an embeddings request: a text, texts, token ids, or lists of token
 * ids.
 *
 * @param vocabularySize ids of the model; the tokenizer may have fewer
 * @param embedder of the model
 */
record EmbeddingInput(Tokenizer tokenizer, int vocabularySize, TextEmbedder embedder) {
  private static final String INPUT = "input";
  private static final int MAX_TEXTS = 2048;
  private static final int MAX_TOKENS = 300_000;

  /** Returns the token ids of each text. */
  List<int[]> read(JsonNode input) {
    List<int[]> texts = new ArrayList<>();
    if (!input.isArray() || isTokens(input)) {
      texts.add(text(INPUT, input));
      return texts;
    }
    if (input.isEmpty() || input.size() > MAX_TEXTS) {
      throw ApiException.invalid(
          INPUT, "input: expected 1 to %d texts, found %d".formatted(MAX_TEXTS, input.size()));
    }
    long tokens = 0;
    for (int i = 0; i < input.size(); i++) {
      int[] text = text("input[" + i + "]", input.get(i));
      texts.add(text);
      tokens += text.length;
      if (tokens > MAX_TOKENS) {
        throw ApiException.invalid(
            INPUT, "input: at most %,d tokens in total".formatted(MAX_TOKENS));
      }
    }
    return texts;
  }

  private static boolean isTokens(JsonNode input) {
    return !input.isEmpty() && input.get(0).isNumber();
  }

  private int[] text(String place, JsonNode given) {
    int[] ids = ids(place, given);
    if (ids.length == 0 || ids.length > embedder.maxTokens()) {
      throw ApiException.invalid(
          INPUT,
          "%s: this model embeds texts of 1 to %d tokens; this one has %d"
              .formatted(place, embedder.maxTokens(), ids.length));
    }
    return ids;
  }

  private int[] ids(String place, JsonNode given) {
    if (given.isTextual()) {
      return tokenizer.encode(embedder.prepared(given.textValue()));
    }
    if (!given.isArray()) {
      throw ApiException.invalid(
          INPUT,
          "%s: expected a text or a list of token ids, found %s"
              .formatted(place, given.getNodeType().name().toLowerCase(Locale.ROOT)));
    }
    return TokenIds.of(INPUT, tokenizer, vocabularySize).read(place, given);
  }
}
