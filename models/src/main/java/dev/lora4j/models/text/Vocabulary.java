package dev.lora4j.models.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/** The tokens of a {@code tokenizer.json} and their ids. */
final class Vocabulary {
  private final Map<String, Integer> ids = new HashMap<>();

  private Vocabulary(Path file, JsonNode json) {
    JsonNode vocab = json.path("model").path("vocab");
    if (vocab.isObject()) {
      vocab.properties().forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    } else if (vocab.isArray()) { // Unigram: [[piece, score], …]
      for (JsonNode piece : vocab) {
        ids.put(piece.path(0).asText(), ids.size());
      }
    } else {
      throw new CorruptFile(file, "key model.vocab: expected the tokens, found nothing");
    }
    for (JsonNode added : json.path("added_tokens")) {
      ids.put(added.path("content").asText(), added.path("id").asInt());
    }
  }

  /** Of the content of a {@code tokenizer.json}. */
  static Vocabulary parse(Path file, byte[] content) {
    return new Vocabulary(file, JsonFile.parse(file, content));
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
