package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The tokenizer files of a directory as one {@code tokenizer.json}.
 *
 * @param read returns the content of a file, if there is one
 */
public record TokenizerFiles(Path directory, Function<String, Optional<byte[]>> read) {
  private static final String JSON = "tokenizer.json";
  private static final Set<String> PLAIN =
      Set.of("", "LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast");
  private static final Set<String> WORD_PIECE =
      Set.of(
          "",
          "BertTokenizer",
          "BertTokenizerFast",
          "DistilBertTokenizer",
          "DistilBertTokenizerFast");
  private static final Set<String> WORD_PIECE_MODELS = Set.of("bert", "distilbert");

  /**
   * Returns {@code tokenizer.json}, with the tokens that other files add, or a conversion of {@code
   * tokenizer.model}, of {@code vocab.json} and {@code merges.txt}, or of BERT's {@code vocab.txt}.
   *
   * @throws UserError for a kind of tokenizer that cannot be converted
   * @throws CorruptFile if a file is malformed, or the files contradict each other
   */
  public Optional<byte[]> tokenizerJson() {
    Optional<byte[]> own = read.apply(JSON);
    JsonNode config = json("tokenizer_config.json");
    AddedTokens added = new AddedTokens(directory);
    added.decoder(config.path("added_tokens_decoder"));
    added.listed(json("added_tokens.json"), special(config));
    if (own.isEmpty()) {
      Optional<ObjectNode> json = converted(config);
      json.ifPresent(added::addTo);
      json.ifPresent(declared(config)::addTo);
      return json.map(JsonDocument::bytes);
    }
    if (added.isEmpty()) {
      return own;
    }
    ObjectNode json = json(JSON);
    return added.addTo(json) ? Optional.of(JsonDocument.bytes(json)) : own;
  }

  private static DeclaredTokens declared(JsonNode config) {
    String kind = config.path("tokenizer_class").asText();
    if (kind.startsWith("LlamaTokenizer")) {
      return new DeclaredTokens(config, Optional.of("<s>"), Optional.of("</s>"));
    }
    Optional<String> end = Optional.of(ByteLevelConversion.END);
    return new DeclaredTokens(config, kind.startsWith("GPT2") ? end : Optional.empty(), end);
  }

  private ObjectNode json(String name) {
    return read.apply(name)
        .map(content -> JsonDocument.parse(directory.resolve(name), content).json())
        .map(ObjectNode.class::cast)
        .orElseGet(JsonNodeFactory.instance::objectNode);
  }

  /** The texts of special tokens, which are left out of decoded text. */
  private Set<String> special(JsonNode config) {
    Set<String> texts = new HashSet<>();
    for (JsonNode source : new JsonNode[] {config, json("special_tokens_map.json")}) {
      source
          .properties()
          .forEach(
              entry -> {
                if (entry.getKey().endsWith("_token")) {
                  texts.add(DeclaredTokens.text(entry.getValue()));
                }
              });
      source
          .path("additional_special_tokens")
          .forEach(token -> texts.add(DeclaredTokens.text(token)));
    }
    return texts;
  }

  private Optional<ObjectNode> converted(JsonNode config) {
    Optional<byte[]> pieces = read.apply("tokenizer.model");
    Optional<byte[]> merges = read.apply("merges.txt");
    String kind = config.path("tokenizer_class").asText();
    if (pieces.isPresent()) {
      if (!PLAIN.contains(kind)) {
        throw unsupported("tokenizer.model", kind);
      }
      Path file = directory.resolve("tokenizer.model");
      return Optional.of(
          SentencePieceConversion.of(SentencePieceModel.read(file, pieces.get()), config));
    }
    String type = json("config.json").path("model_type").asText();
    if (merges.isEmpty() || read.apply("vocab.json").isEmpty()) {
      return read.apply("vocab.txt").map(tokens -> wordPiece(tokens, config, kind, type));
    }
    boolean qwen = kind.startsWith("Qwen2Tokenizer") || (kind.isEmpty() && type.startsWith("qwen"));
    if (!qwen && !kind.startsWith("GPT2Tokenizer") && !(kind.isEmpty() && type.equals("gpt2"))) {
      throw unsupported("vocab.json and merges.txt", kind);
    }
    String text = new String(merges.get(), StandardCharsets.UTF_8);
    Path file = directory.resolve("merges.txt");
    return Optional.of(ByteLevelConversion.of(file, json("vocab.json"), text, config, qwen));
  }

  private ObjectNode wordPiece(byte[] tokens, JsonNode config, String kind, String type) {
    if (!WORD_PIECE.contains(kind) || (kind.isEmpty() && !WORD_PIECE_MODELS.contains(type))) {
      throw unsupported("vocab.txt", kind);
    }
    return WordPieceConversion.of(
        directory.resolve("vocab.txt"), new String(tokens, StandardCharsets.UTF_8), config);
  }

  private UserError unsupported(String files, String kind) {
    return new UserError(
        ("%s: %s of tokenizer_class '%s' cannot be converted to tokenizer.json; supported:"
                + " LlamaTokenizer, GPT2Tokenizer, Qwen2Tokenizer, BertTokenizer; let transformers"
                + " write it:"
                + " AutoTokenizer.from_pretrained(…).save_pretrained(…)")
            .formatted(directory, files, kind));
  }
}
