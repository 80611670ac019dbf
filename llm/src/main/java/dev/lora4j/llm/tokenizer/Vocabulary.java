package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.llm.tokenizer.check.TokenizerChecks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

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
  private final TokenizerChecks checks;
  private final Path file;
  private final Map<String, JsonNode> parts = new LinkedHashMap<>();

  private Vocabulary(Path file) {
    this.file = file;
    checks = new TokenizerChecks(file);
  }

  /**
   * Parses a {@code tokenizer.json}.
   *
   * @throws CorruptFile if it is malformed
   */
  static Vocabulary parse(Path file, byte[] content) {
    Vocabulary vocabulary = new Vocabulary(file);
    try (JsonParser parser = ONCE.createParser(content)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new CorruptFile(file, "expected a JSON object");
      }
      fields(parser, vocabulary::readField);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "invalid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CorruptFile(file, "invalid text: " + e.getMessage(), e);
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
    } else {
      parts.put(name, JSON.readTree(value));
    }
  }

  private void readPart(String name, JsonParser value) throws IOException {
    if (name.equals("merges")) {
      readMerges(value);
    } else if (!name.equals("vocab")) {
      parts.put("model." + name, JSON.readTree(value));
    } else if (value.isExpectedStartObjectToken()) {
      fields(value, this::readToken);
    } else { // Unigram: [[piece, score], …]
      for (JsonNode piece : JSON.<JsonNode>readTree(value)) {
        if (piece.size() != 2 || !piece.path(0).isTextual() || !isFinite(piece.path(1))) {
          throw checks.wrong("model.vocab", "a pair of token and score at " + ids.size(), piece);
        }
        ids.put(piece.path(0).asText(), ids.size());
      }
    }
  }

  private static boolean isFinite(JsonNode score) {
    return score.isNumber() && Double.isFinite(score.asDouble());
  }

  private void readToken(String token, JsonParser id) throws IOException {
    boolean whole = id.currentToken() == JsonToken.VALUE_NUMBER_INT;
    if (!whole || id.getNumberType() != JsonParser.NumberType.INT || id.getIntValue() < 0) {
      throw new CorruptFile(
          file, "key model.vocab: expected an id for " + token + ", found " + id.getText());
    }
    ids.put(token, id.getIntValue());
  }

  /** A merge is a text with a space, or a pair. */
  private void readMerges(JsonParser value) throws IOException {
    if (!value.isExpectedStartArrayToken()) {
      throw new CorruptFile(file, "key model.merges: expected a list");
    }
    while (value.nextToken() != JsonToken.END_ARRAY) {
      boolean pair = value.isExpectedStartArrayToken();
      for (int i = pair ? 0 : 1; i < 2; i++) {
        if ((pair ? value.nextToken() : value.currentToken()) != JsonToken.VALUE_STRING) {
          throw new CorruptFile(file, "key model.merges: expected pairs of tokens");
        }
      }
      if (pair && value.nextToken() != JsonToken.END_ARRAY) {
        throw new CorruptFile(file, "key model.merges: expected pairs of tokens");
      }
    }
  }

  /** Added tokens take precedence over the vocabulary. */
  private void putAdded() {
    for (JsonNode token : parts.getOrDefault("added_tokens", MissingNode.getInstance())) {
      ids.put(token.path("content").asText(), token.path("id").asInt());
    }
  }

  /**
   * Checks the parts of the file that the native library reads beside the tokens.
   *
   * @throws CorruptFile naming the key
   */
  void checkParts() {
    parts.forEach(checks::part);
  }

  /** Returns the bytes of each token; empty if tokens are not pieces of a text's bytes. */
  Optional<TokenBytes> tokenBytes() {
    boolean dense = size() > 0 && size() / 2 <= ids.size(); // ids of damaged files can be huge
    return TokenSpelling.of(parts.getOrDefault("decoder", MissingNode.getInstance()))
        .filter(spelling -> dense)
        .map(this::tokenBytes);
  }

  private TokenBytes tokenBytes(TokenSpelling spelling) {
    Set<String> added = new HashSet<>();
    parts
        .getOrDefault("added_tokens", MissingNode.getInstance())
        .forEach(token -> added.add(token.path("content").asText()));
    byte[][] texts = new byte[size()][0];
    ids.forEach(
        (token, id) -> {
          if (id >= 0 && !added.contains(token)) {
            texts[id] = spelling.bytes(token);
          }
        });
    return TokenBytes.of(texts);
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
