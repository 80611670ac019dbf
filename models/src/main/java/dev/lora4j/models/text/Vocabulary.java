package dev.lora4j.models.text;

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
 * The tokens of a {@code tokenizer.json} and their ids. Such files are long, and all else in them
 * is passed over: as a tree of objects they would take four times as long to read.
 */
final class Vocabulary {
  // Tokens are keys that are met once: there is nothing to gain in remembering them.
  private static final JsonFactory ONCE =
      JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build();
  private static final ObjectMapper JSON = new ObjectMapper(ONCE);

  private final Map<String, Integer> ids = new HashMap<>();
  private @Nullable JsonNode added;

  private Vocabulary() {}

  /**
   * Of the content of a {@code tokenizer.json}.
   *
   * @throws CorruptFile when it is something else
   */
  static Vocabulary parse(Path file, byte[] content) {
    Vocabulary vocabulary = new Vocabulary();
    try (JsonParser parser = ONCE.createParser(content)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new CorruptFile(file, "expected a JSON object");
      }
      fields(parser, vocabulary::readField);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("memory that can't be read", e);
    }
    if (vocabulary.ids.isEmpty()) {
      throw new CorruptFile(file, "key model.vocab: expected the tokens, found nothing");
    }
    vocabulary.putAdded();
    return vocabulary;
  }

  private interface Field {
    void read(String name, JsonParser value) throws IOException;
  }

  /** Goes through the object that begins here; what is not read is passed over. */
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

  /** Their ids go before those of the same tokens in the vocabulary. */
  private void putAdded() {
    if (added != null) {
      for (JsonNode token : added) {
        ids.put(token.path("content").asText(), token.path("id").asInt());
      }
      added = null;
    }
  }

  /** One more than the greatest id: the rows that an embedding needs at least. */
  int size() {
    return 1 + ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
