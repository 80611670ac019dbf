package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.GgufVocabulary.Kind;
import dev.lora4j.llm.vocabulary.BosEosTemplate;
import java.util.Optional;
import java.util.OptionalInt;

/** Converts GGUF metadata to a {@code tokenizer.json} of byte-level or sentencepiece BPE. */
final class TokenizerJson {
  static final String MODEL = "tokenizer.ggml.model";
  static final String PRE = "tokenizer.ggml.pre";
  static final String ASSUMED_PRE = "default";
  private static final String SPACE = "▁";

  private final Metadata metadata;
  private final GgufVocabulary vocabulary;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();

  private TokenizerJson(Metadata metadata, GgufVocabulary vocabulary) {
    this.metadata = metadata;
    this.vocabulary = vocabulary;
  }

  /** Returns the {@code tokenizer.json} of a supported tokenizer. */
  static ObjectNode of(Metadata metadata, GgufVocabulary vocabulary) {
    TokenizerJson tokenizer = new TokenizerJson(metadata, vocabulary);
    String model = metadata.text(MODEL).orElseThrow(() -> metadata.missing(MODEL, "a name"));
    tokenizer.json.put("version", "1.0").putNull("truncation").putNull("padding");
    tokenizer.addedTokens();
    switch (model) {
      case "gpt2" -> tokenizer.byteLevel();
      case "llama" -> tokenizer.sentencePiece();
      default ->
          throw new UserError(
              "%s: %s: '%s' is not supported; supported: gpt2, llama"
                  .formatted(metadata.file(), MODEL, model));
    }
    return tokenizer.json;
  }

  /** Adds the tokens that are matched before any other step. */
  private void addedTokens() {
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < vocabulary.size(); id++) {
      Kind kind = vocabulary.kind(id);
      if (kind == Kind.CONTROL || kind == Kind.USER_DEFINED || kind == Kind.UNKNOWN) {
        added
            .addObject()
            .put("id", id)
            .put("content", vocabulary.token(id))
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", kind != Kind.USER_DEFINED);
      }
    }
  }

  // ---- byte-level BPE ----

  private void byteLevel() {
    String name = metadata.text(PRE).orElse(ASSUMED_PRE);
    SplitRule rule = SplitRule.named(metadata.file(), name);
    if (rule == SplitRule.QWEN2) {
      json.putObject("normalizer").put("type", "NFC");
    } else {
      json.putNull("normalizer");
    }
    json.set("pre_tokenizer", rule.json());
    ObjectNode offsets = SplitRule.byteLevel(false, false, true);
    Optional<ObjectNode> around = around(rule.addsBos());
    if (around.isEmpty()) {
      json.set("post_processor", offsets);
    } else {
      json.putObject("post_processor")
          .put("type", "Sequence")
          .putArray("processors")
          .add(offsets)
          .add(around.get());
    }
    json.set("decoder", SplitRule.byteLevel(true, true, true));
    ObjectNode model = model(false, rule.ignoresMerges());
    model.putNull("unk_token");
    ArrayNode merges = model.putArray("merges");
    for (String merge : vocabulary.merges()) {
      int space = merge.indexOf(' ', 1);
      merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
    }
  }

  // ---- sentencepiece ----

  private void sentencePiece() {
    boolean prefix = metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true);
    ObjectNode normalizer = json.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    if (prefix) {
      steps.addObject().put("type", "Prepend").put("prepend", SPACE);
    }
    replace(steps.addObject(), " ", SPACE);
    json.putNull("pre_tokenizer");
    Optional<ObjectNode> around = around(true);
    if (around.isEmpty()) {
      json.putNull("post_processor");
    } else {
      json.set("post_processor", around.get());
    }
    ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(decoders.addObject(), SPACE, " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (prefix) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    ObjectNode model = model(true, false);
    OptionalInt unknown = vocabulary.special(SpecialToken.UNK);
    if (unknown.isPresent()) {
      model.put("unk_token", vocabulary.token(unknown.getAsInt()));
    } else {
      model.putNull("unk_token");
    }
    ArrayNode merges = model.putArray("merges");
    for (String[] merge : SentencePieces.merges(vocabulary)) {
      merges.addArray().add(merge[0]).add(merge[1]);
    }
  }

  private static void replace(ObjectNode step, String from, String to) {
    step.put("type", "Replace").putObject("pattern").put("String", from);
    step.put("content", to);
  }

  // ---- both ----

  private ObjectNode model(boolean bytesForTheRest, boolean ignoreMerges) {
    ObjectNode model = json.putObject("model");
    model.put("type", "BPE").putNull("dropout");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model
        .put("fuse_unk", bytesForTheRest)
        .put("byte_fallback", bytesForTheRest)
        .put("ignore_merges", ignoreMerges);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < vocabulary.size(); id++) {
      vocab.put(vocabulary.token(id), id);
    }
    return model;
  }

  /** Returns the template that adds BOS and EOS around a text; empty if neither is added. */
  private Optional<ObjectNode> around(boolean addsBos) {
    return new BosEosTemplate(
            wanted("tokenizer.ggml.add_bos_token", addsBos, SpecialToken.BOS),
            wanted("tokenizer.ggml.add_eos_token", false, SpecialToken.EOS))
        .json();
  }

  private Optional<BosEosTemplate.Token> wanted(String key, boolean ifAbsent, SpecialToken token) {
    OptionalInt id = vocabulary.special(token);
    boolean stored = metadata.flag(key).isPresent();
    boolean wanted = metadata.flag(key).orElse(ifAbsent);
    if (wanted && stored && id.isEmpty()) {
      throw metadata.missing(token.key(), "the token that " + key + " wants");
    }
    return wanted && id.isPresent()
        ? Optional.of(new BosEosTemplate.Token(id.getAsInt(), vocabulary.token(id.getAsInt())))
        : Optional.empty();
  }
}
