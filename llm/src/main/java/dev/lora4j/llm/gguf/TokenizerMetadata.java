package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.llm.gguf.GgufVocabulary.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Converts a model's tokenizer files to GGUF metadata. */
final class TokenizerMetadata {
  private final ModelFiles files;
  private final Path file;
  private final JsonNode json;
  private final Map<String, GgufValue> metadata;
  private final List<String> tokens = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();

  private TokenizerMetadata(ModelFiles files, JsonNode json, Map<String, GgufValue> metadata) {
    this.files = files;
    this.json = json;
    this.metadata = metadata;
    file = files.path().resolve("tokenizer.json");
  }

  /** Adds the metadata of a {@code tokenizer.json}; rows without a token become unused tokens. */
  static void add(ModelFiles files, int rows, Map<String, GgufValue> metadata) {
    JsonNode json = files.json("tokenizer.json").json();
    if (files.read("tokenizer.json").isPresent()) {
      TokenizerMetadata tokenizer = new TokenizerMetadata(files, json, metadata);
      tokenizer.vocabulary(rows);
      tokenizer.kind();
      tokenizer.special();
    }
  }

  // ---- tokens ----

  private void vocabulary(int rows) {
    JsonNode model = json.path("model");
    if (!model.path("type").asText().equals("BPE") || !model.path("vocab").isObject()) {
      throw new UserError(
          file
              + ": only BPE can be written to GGUF, found "
              + model.path("type").asText("nothing"));
    }
    for (int id = 0; id < rows; id++) {
      tokens.add("[PAD" + id + "]");
      kinds.add(Kind.UNUSED);
    }
    boolean bytes = model.path("byte_fallback").asBoolean();
    model
        .path("vocab")
        .properties()
        .forEach(
            entry -> {
              boolean isByte = bytes && entry.getKey().matches("<0x[0-9A-F]{2}>");
              token(entry.getValue().asInt(-1), entry.getKey(), isByte ? Kind.BYTE : Kind.NORMAL);
            });
    String unknown = model.path("unk_token").asText("");
    for (JsonNode added : json.path("added_tokens")) {
      String text = added.path("content").asText();
      boolean special = added.path("special").asBoolean();
      Kind kind = special ? Kind.CONTROL : Kind.USER_DEFINED;
      token(added.path("id").asInt(-1), text, text.equals(unknown) ? Kind.UNKNOWN : kind);
    }
    metadata.put(GgufVocabulary.TOKENS, texts(tokens));
    metadata.put(
        GgufVocabulary.TYPES,
        new GgufValue.Items(
            GgufKind.I32,
            kinds.stream()
                .<GgufValue>map(kind -> new GgufValue.Whole(GgufKind.I32, kind.number()))
                .toList()));
  }

  private void token(int id, String text, Kind kind) {
    if (id < 0 || id >= tokens.size()) {
      throw new UserError(
          "%s: token '%s' is number %d, but the embedding has %d rows: the tokenizer is another model's"
              .formatted(file, text, id, tokens.size()));
    }
    tokens.set(id, text);
    kinds.set(id, kind);
    ids.put(text, id);
  }

  private static GgufValue texts(List<String> texts) {
    return new GgufValue.Items(GgufKind.TEXT, texts.stream().map(GgufValue::of).toList());
  }

  // ---- merges and pre-tokenizer ----

  private void kind() {
    if (json.path("model").path("byte_fallback").asBoolean()) {
      sentencePiece();
      return;
    }
    SplitRule rule =
        SplitRule.in(json.path("pre_tokenizer"))
            .orElseThrow(
                () ->
                    new UserError(
                        file
                            + ": pre_tokenizer: it matches no supported pre-tokenizer of llama.cpp:"
                            + " "
                            + json.path("pre_tokenizer")));
    metadata.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
    metadata.put("tokenizer.ggml.pre", GgufValue.of(rule.ggmlName()));
    metadata.put(
        GgufVocabulary.MERGES, texts(merges().stream().map(m -> String.join(" ", m)).toList()));
    addsBos();
  }

  private void sentencePiece() {
    Float[] scores = new Float[tokens.size()];
    Arrays.fill(scores, kinds.stream().anyMatch(kind -> kind == Kind.NORMAL) ? -1e6f : 0f);
    List<List<String>> merges = merges();
    for (int rank = merges.size() - 1; rank >= 0; rank--) {
      Integer id = ids.get(String.join("", merges.get(rank)));
      if (id != null) {
        scores[id] = (float) -rank;
      }
    }
    metadata.put("tokenizer.ggml.model", GgufValue.of("llama"));
    metadata.put("tokenizer.ggml.pre", GgufValue.of("default"));
    metadata.put(
        GgufVocabulary.SCORES,
        new GgufValue.Items(
            GgufKind.F32,
            Arrays.stream(scores).<GgufValue>map(score -> GgufValue.of((float) score)).toList()));
    boolean prefix = json.path("normalizer").toString().contains("Prepend");
    metadata.put("tokenizer.ggml.add_space_prefix", new GgufValue.Flag(prefix));
    addsBos();
  }

  private List<List<String>> merges() {
    List<List<String>> merges = new ArrayList<>();
    for (JsonNode merge : json.path("model").path("merges")) {
      merges.add(
          merge.isArray()
              ? List.of(merge.path(0).asText(), merge.path(1).asText())
              : List.of(merge.asText().split(" ", 2)));
    }
    return merges;
  }

  private void addsBos() {
    List<JsonNode> processors = new ArrayList<>(List.of(json.path("post_processor")));
    json.path("post_processor").path("processors").forEach(processors::add);
    boolean before = false;
    boolean after = false;
    for (JsonNode processor : processors) {
      JsonNode single = processor.path("single");
      before |= single.path(0).has("SpecialToken");
      after |= single.size() > 1 && single.path(single.size() - 1).has("SpecialToken");
    }
    metadata.put("tokenizer.ggml.add_bos_token", new GgufValue.Flag(before));
    metadata.put("tokenizer.ggml.add_eos_token", new GgufValue.Flag(after));
  }

  // ---- special tokens ----

  private void special() {
    JsonNode config = files.json("tokenizer_config.json").json();
    JsonNode map = files.json("special_tokens_map.json").json();
    for (SpecialToken part : SpecialToken.values()) {
      text(config, part)
          .or(() -> text(map, part))
          .map(ids::get)
          .ifPresent(id -> metadata.put(part.key(), new GgufValue.Whole(GgufKind.U32, id)));
    }
    ChatTemplateSource.in(files)
        .ifPresent(
            source -> {
              metadata.put("tokenizer.chat_template", GgufValue.of(source.text()));
              source
                  .toolUse()
                  .ifPresent(
                      text -> metadata.put("tokenizer.chat_template.tool_use", GgufValue.of(text)));
            });
  }

  private static Optional<String> text(JsonNode json, SpecialToken part) {
    JsonNode token = json.path(part.textName());
    return text(token.isObject() ? token.path("content") : token);
  }

  private static Optional<String> text(JsonNode value) {
    return value.isTextual() ? Optional.of(value.asText()) : Optional.empty();
  }
}
