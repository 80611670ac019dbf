package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.vocabulary.SentencePieceModel.Piece;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Converts a SentencePiece model to a {@code tokenizer.json}. {@code LlamaTokenizer} is BPE with a
 * metaspace; any other model keeps its type and its character map.
 */
final class SentencePieceConversion {
  private static final String SPACE = "▁";

  private record Merge(String left, String right, int id, int leftId, int rightId) {
    int leftLength() {
      return left.codePointCount(0, left.length());
    }

    int rightLength() {
      return right.codePointCount(0, right.length());
    }
  }

  private static final Comparator<Merge> BY_ID =
      Comparator.comparingInt(Merge::id)
          .thenComparing(Merge::leftLength)
          .thenComparing(Merge::rightLength)
          .thenComparing(Merge::leftId)
          .thenComparing(Merge::rightId);

  private final SentencePieceModel source;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();

  private SentencePieceConversion(SentencePieceModel source) {
    this.source = source;
  }

  /**
   * Returns the {@code tokenizer.json}.
   *
   * @param config {@code tokenizer_config.json}
   */
  static ObjectNode of(SentencePieceModel source, JsonNode config) {
    return new SentencePieceConversion(source).convert(config);
  }

  private ObjectNode convert(JsonNode config) {
    boolean llama = config.path("tokenizer_class").asText().startsWith("LlamaTokenizer");
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    addedTokens();
    if (llama) {
      llama(config);
    } else {
      plain();
    }
    json.putNull("post_processor");
    if (source.isUnigram() && !llama) {
      unigram();
    } else {
      bpe(llama || source.byteFallback());
    }
    return json;
  }

  private void addedTokens() {
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < source.pieces().size(); id++) {
      Piece piece = source.pieces().get(id);
      int type = piece.type();
      boolean special = type == SentencePieceModel.UNKNOWN || type == SentencePieceModel.CONTROL;
      if (special || type == SentencePieceModel.USER_DEFINED) {
        added.add(AddedTokens.token(id, piece.text(), special));
      }
    }
  }

  // ---- text to pieces and back ----

  private void llama(JsonNode config) {
    boolean prefix = config.path("add_prefix_space").asBoolean(true);
    boolean legacy = config.path("legacy").asBoolean(false);
    json.putNull("normalizer");
    json.putObject("pre_tokenizer")
        .put("type", "Metaspace")
        .put("replacement", SPACE)
        .put("prepend_scheme", !prefix ? "never" : legacy ? "always" : "first")
        .put("split", false);
    ArrayNode decoders = decoders();
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (prefix) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
  }

  private void plain() {
    ArrayNode steps = json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
    if (source.charsMap().length > 0) {
      steps
          .addObject()
          .put("type", "Precompiled")
          .put("precompiled_charsmap", Base64.getEncoder().encodeToString(source.charsMap()));
    }
    replace(steps.addObject(), " ", SPACE);
    json.putNull("pre_tokenizer");
    ArrayNode decoders = decoders();
    if (source.byteFallback()) {
      decoders.addObject().put("type", "ByteFallback");
      decoders.addObject().put("type", "Fuse");
    }
  }

  private ArrayNode decoders() {
    ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(decoders.addObject(), SPACE, " ");
    return decoders;
  }

  private static void replace(ObjectNode step, String from, String to) {
    step.put("type", "Replace").putObject("pattern").put("String", from);
    step.put("content", to);
  }

  // ---- models ----

  private void unigram() {
    ObjectNode model = json.putObject("model").put("type", "Unigram");
    model.put("unk_id", source.unknownId()).put("byte_fallback", source.byteFallback());
    ArrayNode vocab = model.putArray("vocab");
    source
        .pieces()
        .forEach(piece -> vocab.addArray().add(piece.text()).add((double) piece.score()));
  }

  private void bpe(boolean byteFallback) {
    ObjectNode model = json.putObject("model").put("type", "BPE").putNull("dropout");
    model.put("unk_token", source.unknownPiece()).put("fuse_unk", true);
    model.put("byte_fallback", byteFallback).put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    Map<String, Integer> ids = new HashMap<>();
    for (Piece piece : source.pieces()) {
      vocab.put(piece.text(), ids.size());
      ids.put(piece.text(), ids.size());
    }
    ArrayNode merges = model.putArray("merges");
    merges(ids).forEach(merge -> merges.addArray().add(merge.left()).add(merge.right()));
  }

  /** All pairs of pieces whose concatenation is a piece, in the order of its id. */
  private static List<Merge> merges(Map<String, Integer> ids) {
    List<Merge> merges = new ArrayList<>();
    ids.forEach(
        (text, id) -> {
          for (int at = text.offsetByCodePoints(0, 1);
              at < text.length();
              at = text.offsetByCodePoints(at, 1)) {
            Integer left = ids.get(text.substring(0, at));
            Integer right = ids.get(text.substring(at));
            if (left != null && right != null) {
              merges.add(new Merge(text.substring(0, at), text.substring(at), id, left, right));
            }
          }
        });
    merges.sort(BY_ID);
    return merges;
  }
}
