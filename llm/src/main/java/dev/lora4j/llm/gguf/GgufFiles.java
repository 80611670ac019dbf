package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The config and tokenizer files of a model directory, created from the metadata of a GGUF file.
 */
final class GgufFiles implements ModelFiles {
  private static final String TEMPLATE = "tokenizer.chat_template";

  /** The keys of the tokens that end a completion: end of sequence and end of turn. */
  private static final List<String> ENDS =
      List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id");

  private final GgufModel model;
  private final Metadata metadata;
  private final ObjectNode config;
  private @Nullable GgufVocabulary vocabulary; // guarded by this, read once for all files

  GgufFiles(GgufModel model, Metadata metadata, ObjectNode config) {
    this.model = model;
    this.metadata = metadata;
    this.config = config;
  }

  @Override
  public Optional<GgufModel> openGguf() {
    return Optional.of(model.reopen());
  }

  @Override
  public Path path() {
    return metadata.file();
  }

  @Override
  public Optional<byte[]> read(String name) {
    if (name.equals("config.json")) {
      return Optional.of(JsonDocument.bytes(config));
    }
    if (!metadata.has(GgufVocabulary.TOKENS)) {
      return Optional.empty();
    }
    return switch (name) {
      case "tokenizer.json" ->
          Optional.of(JsonDocument.bytes(TokenizerJson.of(metadata, vocabulary())));
      case "tokenizer_config.json" ->
          Optional.of(JsonDocument.bytes(tokenizerConfig(vocabulary())));
      case "special_tokens_map.json" ->
          Optional.of(JsonDocument.bytes(specialTokens(vocabulary())));
      case "generation_config.json" ->
          Optional.of(JsonDocument.bytes(generationConfig(vocabulary())));
      default -> Optional.empty();
    };
  }

  private synchronized GgufVocabulary vocabulary() {
    if (vocabulary == null) {
      vocabulary = new GgufVocabulary(metadata);
    }
    return vocabulary;
  }

  @Override
  public List<String> warnings() {
    boolean assumed =
        metadata.text(TokenizerJson.MODEL).filter("gpt2"::equals).isPresent()
            && metadata.text(TokenizerJson.PRE).isEmpty();
    return assumed
        ? List.of(
            "%s has no %s; the pre-tokenizer '%s' is assumed, which may split words otherwise than the model's own"
                .formatted(path(), TokenizerJson.PRE, TokenizerJson.ASSUMED_PRE))
        : List.of();
  }

  private ObjectNode tokenizerConfig(GgufVocabulary vocabulary) {
    ObjectNode json = specialTokens(vocabulary);
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    json.put("clean_up_tokenization_spaces", false);
    json.put(
        "model_max_length",
        config.path("max_position_embeddings").asInt(config.path("n_positions").asInt()));
    metadata.text(TEMPLATE).ifPresent(template -> json.put("chat_template", template));
    return json;
  }

  private static ObjectNode specialTokens(GgufVocabulary vocabulary) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    for (SpecialToken part : SpecialToken.values()) {
      vocabulary.special(part).ifPresent(id -> json.put(part.textName(), vocabulary.token(id)));
    }
    return json;
  }

  private static ObjectNode generationConfig(GgufVocabulary vocabulary) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    vocabulary.special(SpecialToken.BOS).ifPresent(id -> json.put("bos_token_id", id));
    ArrayNode ends = JsonNodeFactory.instance.arrayNode();
    for (String key : ENDS) {
      OptionalInt id = vocabulary.checked(key);
      if (id.isPresent() && (ends.isEmpty() || ends.get(0).asInt() != id.getAsInt())) {
        ends.add(id.getAsInt());
      }
    }
    if (ends.size() == 1) {
      json.set("eos_token_id", ends.get(0));
    } else if (ends.size() > 1) {
      json.set("eos_token_id", ends);
    }
    vocabulary.special(SpecialToken.PAD).ifPresent(id -> json.put("pad_token_id", id));
    return json;
  }
}
