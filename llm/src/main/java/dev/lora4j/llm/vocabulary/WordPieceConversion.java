package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Converts BERT's {@code vocab.txt}, one token a line, to a {@code tokenizer.json}. */
final class WordPieceConversion {
  private static final Map<String, String> SPECIAL = special();

  private final Path file;
  private final ObjectNode vocab = JsonNodeFactory.instance.objectNode();
  private final JsonNode config;

  private WordPieceConversion(Path file, String tokens, JsonNode config) {
    this.file = file;
    this.config = config;
    String[] lines = tokens.split("\n", -1);
    int count = lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
    for (int id = 0; id < count; id++) {
      vocab.put(
          lines[id].endsWith("\r") ? lines[id].substring(0, lines[id].length() - 1) : lines[id],
          id);
    }
  }

  private static Map<String, String> special() {
    Map<String, String> tokens = new LinkedHashMap<>();
    tokens.put("pad_token", "[PAD]");
    tokens.put("unk_token", "[UNK]");
    tokens.put("cls_token", "[CLS]");
    tokens.put("sep_token", "[SEP]");
    tokens.put("mask_token", "[MASK]");
    return tokens;
  }

  /**
   * Returns the {@code tokenizer.json}.
   *
   * @param file the {@code vocab.txt}, for messages
   * @param tokens its content
   * @param config {@code tokenizer_config.json}
   * @throws CorruptFile if the vocabulary lacks the tokens that surround a text
   */
  static ObjectNode of(Path file, String tokens, JsonNode config) {
    return new WordPieceConversion(file, tokens, config).json();
  }

  private ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    added(json.putArray("added_tokens"));
    normalizer(json.putObject("normalizer"));
    json.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    postProcessor(json.putObject("post_processor"));
    json.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    ObjectNode model = json.putObject("model").put("type", "WordPiece");
    model.put("unk_token", text("unk_token")).put("continuing_subword_prefix", "##");
    model.put("max_input_chars_per_word", 100);
    model.set("vocab", vocab);
    return json;
  }

  private String text(String name) {
    return config.hasNonNull(name)
        ? DeclaredTokens.text(config.path(name))
        : SPECIAL.getOrDefault(name, "");
  }

  /** Special tokens are matched before words are split. */
  private void added(ArrayNode added) {
    for (String name : SPECIAL.keySet()) {
      if (vocab.has(text(name))) {
        added.add(AddedTokens.token(vocab.path(text(name)).asInt(), text(name), true));
      }
    }
  }

  private void normalizer(ObjectNode normalizer) {
    normalizer.put("type", "BertNormalizer").put("clean_text", true);
    normalizer.put("handle_chinese_chars", config.path("tokenize_chinese_chars").asBoolean(true));
    normalizer.set(
        "strip_accents",
        config.path("strip_accents").isBoolean()
            ? config.path("strip_accents")
            : normalizer.nullNode());
    normalizer.put("lowercase", config.path("do_lower_case").asBoolean(true));
  }

  private void postProcessor(ObjectNode processor) {
    processor.put("type", "BertProcessing");
    surrounding(processor.putArray("sep"), "sep_token");
    surrounding(processor.putArray("cls"), "cls_token");
  }

  private void surrounding(ArrayNode pair, String name) {
    String text = text(name);
    if (!vocab.has(text)) {
      throw new CorruptFile(
          file, "%s %s is not among the %,d tokens".formatted(name, text, vocab.size()));
    }
    pair.add(text).add(vocab.path(text).asInt());
  }
}
