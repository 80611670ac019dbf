package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The special tokens of a {@code tokenizer_config.json}, for a converted tokenizer.
 *
 * @param bos the beginning-of-sequence token of the tokenizer's class, unless the file names one
 * @param eos the end-of-sequence token, likewise
 */
record DeclaredTokens(JsonNode config, Optional<String> bos, Optional<String> eos) {
  private static final String[] NAMES = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"
  };

  /** Adds the tokens that the vocabulary lacks, and the template that surrounds texts. */
  void addTo(ObjectNode json) {
    Map<String, Integer> ids = AddedTokens.ids(json);
    ArrayNode added = json.withArray("added_tokens");
    Consumer<String> appending =
        text -> {
          if (!text.isEmpty() && !ids.containsKey(text)) {
            int id = 1 + new TreeSet<>(ids.values()).last();
            ids.put(text, id);
            added.add(AddedTokens.token(id, text, true));
          }
        };
    for (String name : NAMES) {
      declared(name).ifPresent(appending);
    }
    config.path("additional_special_tokens").forEach(token -> appending.accept(text(token)));
    new BosEosTemplate(
            surrounding("add_bos_token", declared("bos_token").or(() -> bos), ids),
            surrounding("add_eos_token", declared("eos_token").or(() -> eos), ids))
        .json()
        .ifPresent(template -> json.set("post_processor", template));
  }

  private Optional<BosEosTemplate.Token> surrounding(
      String flag, Optional<String> text, Map<String, Integer> ids) {
    return text.filter(token -> config.path(flag).asBoolean())
        .flatMap(
            token ->
                Optional.ofNullable(ids.get(token)).map(id -> new BosEosTemplate.Token(id, token)));
  }

  private Optional<String> declared(String name) {
    return config.hasNonNull(name) ? Optional.of(text(config.path(name))) : Optional.empty();
  }

  /** The text of a token, which is a string or an object with its properties. */
  static String text(JsonNode token) {
    return token.path("content").asText(token.asText());
  }
}
