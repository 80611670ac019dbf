package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.llm.gguf.ModelFiles;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * Special tokens, from {@code tokenizer_config.json}, else {@code special_tokens_map.json}, and
 * {@code generation_config.json}.
 *
 * @param texts texts by name, such as {@code eos_token} → {@code </s>}, for the chat template
 * @param bos beginning-of-text token
 * @param eos end-of-text token
 * @param pad padding token; not used here
 * @param stops all stop tokens: {@code eos} and those of {@code generation_config.json}
 */
public record SpecialTokens(
    Map<String, String> texts,
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt pad,
    Set<Integer> stops) {
  private static final Set<String> NAMES =
      Set.of("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token");

  public SpecialTokens {
    texts = Map.copyOf(texts);
    stops = Set.copyOf(stops);
  }

  static SpecialTokens read(ModelFiles files, Vocabulary vocabulary) {
    Path configFile = files.path().resolve("tokenizer_config.json");
    JsonNode config = files.json("tokenizer_config.json").json();
    JsonNode map = files.json("special_tokens_map.json").json();
    JsonNode generation = files.json("generation_config.json").json();
    Map<String, String> texts = new TreeMap<>();
    for (String name : NAMES) {
      text(config.get(name)).or(() -> text(map.get(name))).ifPresent(t -> texts.put(name, t));
    }
    OptionalInt bos = id(configFile, "bos_token", texts, vocabulary, generation);
    OptionalInt eos = id(configFile, "eos_token", texts, vocabulary, generation);
    OptionalInt pad = id(configFile, "pad_token", texts, vocabulary, generation);
    Set<Integer> stops = new LinkedHashSet<>();
    eos.ifPresent(stops::add);
    JsonNode named = generation.path("eos_token_id");
    if (named.isInt()) {
      stops.add(named.asInt());
    }
    named.forEach(id -> stops.add(id.asInt()));
    return new SpecialTokens(texts, bos, eos, pad, stops);
  }

  /** A token is given as its text, or as an object with its text. */
  private static Optional<String> text(JsonNode token) {
    if (token == null) {
      return Optional.empty();
    }
    JsonNode text = token.isObject() ? token.path("content") : token;
    return text.isTextual() ? Optional.of(text.asText()) : Optional.empty();
  }

  private static OptionalInt id(
      Path file,
      String name,
      Map<String, String> texts,
      Vocabulary vocabulary,
      JsonNode generation) {
    String text = texts.get(name);
    if (text != null) {
      OptionalInt id = vocabulary.id(text);
      if (id.isEmpty()) {
        throw new CorruptFile(file, name + ": " + text + " is not in tokenizer.json");
      }
      return id;
    }
    JsonNode id = generation.path(name + "_id");
    JsonNode first = id.isArray() ? id.path(0) : id;
    return first.isInt() ? OptionalInt.of(first.asInt()) : OptionalInt.empty();
  }
}
