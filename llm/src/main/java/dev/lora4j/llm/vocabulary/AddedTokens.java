package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The tokens that {@code added_tokens.json} and {@code added_tokens_decoder} in {@code
 * tokenizer_config.json} add to a {@code tokenizer.json}.
 */
final class AddedTokens {
  private record Added(String file, ObjectNode token) {
    String text() {
      return token.path("content").asText();
    }
  }

  private final Path directory;
  private final Map<Integer, Added> tokens = new TreeMap<>();

  AddedTokens(Path directory) {
    this.directory = directory;
  }

  static ObjectNode token(int id, String text, boolean special) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", text)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special);
  }

  /** Takes the tokens of {@code added_tokens_decoder}: id → token with its properties. */
  void decoder(JsonNode decoder) {
    decoder
        .properties()
        .forEach(
            entry -> {
              JsonNode given = entry.getValue();
              String text = given.path("content").asText();
              ObjectNode token = token(id(entry.getKey()), text, given.path("special").asBoolean());
              for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
                token.put(flag, given.path(flag).asBoolean());
              }
              put("tokenizer_config.json", token);
            });
  }

  private int id(String key) {
    if (!key.matches("[0-9]{1,9}")) {
      throw new CorruptFile(
          directory.resolve("tokenizer_config.json"),
          "added_tokens_decoder: expected ids, found '" + key + "'");
    }
    return Integer.parseInt(key);
  }

  /** Takes the tokens of {@code added_tokens.json}: text → id. */
  void listed(JsonNode list, Set<String> special) {
    list.properties()
        .forEach(
            entry -> {
              if (!entry.getValue().isInt() || entry.getValue().asInt() < 0) {
                throw new CorruptFile(
                    directory.resolve("added_tokens.json"),
                    "expected an id for '%s', found %s"
                        .formatted(entry.getKey(), entry.getValue()));
              }
              String text = entry.getKey();
              boolean isSpecial = special.contains(text);
              ObjectNode token = token(entry.getValue().asInt(), text, isSpecial);
              put("added_tokens.json", token.put("normalized", !isSpecial));
            });
  }

  private void put(String file, ObjectNode token) {
    Added added = new Added(file, token);
    int id = token.path("id").asInt();
    Added other = tokens.putIfAbsent(id, added);
    if (other != null && !other.text().equals(added.text())) {
      throw clash(file, added.text(), id, other.text(), id, other.file());
    }
  }

  boolean isEmpty() {
    return tokens.isEmpty();
  }

  /**
   * Adds the tokens that a {@code tokenizer.json} lacks.
   *
   * @return whether there were any
   * @throws CorruptFile if an id or a text is taken, or ids are left out
   */
  boolean addTo(ObjectNode json) {
    Map<String, Integer> ids = ids(json);
    Set<String> matched = new HashSet<>();
    ArrayNode added = json.withArray("added_tokens");
    added.forEach(token -> matched.add(token.path("content").asText()));
    Map<Integer, String> texts = new HashMap<>();
    ids.forEach((text, id) -> texts.put(id, text));
    int next = 1 + texts.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    boolean any = false;
    for (Map.Entry<Integer, Added> entry : tokens.entrySet()) {
      int id = entry.getKey();
      Added token = entry.getValue();
      Integer other = ids.get(token.text());
      String known = texts.getOrDefault(id, token.text());
      if (!known.equals(token.text()) || (other != null && other != id)) {
        int knownId = other == null ? id : other;
        String text = other == null ? known : token.text();
        throw clash(token.file(), token.text(), id, text, knownId, "tokenizer.json");
      }
      if (other == null && id != next) {
        throw new CorruptFile(
            directory.resolve(token.file()),
            "'%s' has id %d; the next free id of tokenizer.json is %d"
                .formatted(token.text(), id, next));
      }
      next += other == null ? 1 : 0;
      if (matched.add(token.text())) {
        added.add(token.token());
        any = true;
      }
    }
    return any;
  }

  /** Returns the ids of a {@code tokenizer.json}'s tokens. */
  static Map<String, Integer> ids(ObjectNode json) {
    Map<String, Integer> ids = new HashMap<>();
    JsonNode vocab = json.path("model").path("vocab");
    vocab.properties().forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    if (vocab.isArray()) {
      vocab.forEach(piece -> ids.put(piece.path(0).asText(), ids.size()));
    }
    json.path("added_tokens")
        .forEach(token -> ids.put(token.path("content").asText(), token.path("id").asInt()));
    return ids;
  }

  private CorruptFile clash(
      String file, String text, int id, String otherText, int otherId, String otherFile) {
    return new CorruptFile(
        directory.resolve(file),
        "'%s' has id %d, but '%s' has id %d in %s"
            .formatted(text, id, otherText, otherId, directory.resolve(otherFile)));
  }
}
