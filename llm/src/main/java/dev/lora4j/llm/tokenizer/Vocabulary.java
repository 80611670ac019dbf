package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The vocabulary of a {@code tokenizer.json}. The file is parsed as a stream, which takes a quarter
 * of the time of a tree.
 */
final class Vocabulary {
  // tokens occur once: caching field names would only cost time
  private static final JsonFactory ONCE =
      JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build();
  private static final ObjectMapper JSON = new ObjectMapper(ONCE);

  private final Map<String, Integer> ids = new HashMap<>();
  private @Nullable JsonNode added;

  private Vocabulary() {}

  /**
   * Parses a {@code tokenizer.json}.
   *
   * @throws CorruptFile if it is malformed
   */
  static Vocabulary parse(Path file, byte[] content) {
    Vocabulary vocabulary = new Vocabulary();
    try (JsonParser parser = ONCE.createParser(content)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new CorruptFile(file, "expected a JSON object");
      }
      fields(parser, vocabulary::readField);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "invalid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read a byte array", e);
    }
    if (vocabulary.ids.isEmpty()) {
      throw new CorruptFile(file, "key model.vocab: expected tokens, found none");
    }
    vocabulary.putAdded();
    return vocabulary;
  }

  private interface Field {
    void read(String name, JsonParser value) throws IOException;
  }

  /** Iterates over the fields of an object; unread values are skipped. */
  private static void fields(JsonParser parser, Field field) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      field.read(name, parser);
      parser.skipChildren();
    }
  }

  private void readField(String name, JsonParser value) throws IOException {
    if (name.equals("model") && value.isExpectedStartObjectToken()) {
      fields(value, this::readPart);
    } else if (name.equals("added_tokens")) {
      added = JSON.readTree(value);
    }
  }

  private void readPart(String name, JsonParser value) throws IOException {
    if (!name.equals("vocab")) {
      return;
    }
    if (value.isExpectedStartObjectToken()) {
      fields(value, (token, id) -> ids.put(token, id.getValueAsInt()));
    } else { // Unigram: [[piece, score], …]
      for (JsonNode piece : JSON.<JsonNode>readTree(value)) {
        ids.put(piece.path(0).asText(), ids.size());
      }
    }
  }

  /** Added tokens take precedence over the vocabulary. */
  private void putAdded() {
    if (added != null) {
      for (JsonNode token : added) {
        ids.put(token.path("content").asText(), token.path("id").asInt());
      }
      added = null;
    }
  }

  /** Vocabulary size: the greatest id plus one. */
  int size() {
    return 1 + ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
