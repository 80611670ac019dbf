package dev.lora4j.llm.tokenizer.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Checks the parts of a {@code tokenizer.json}, without its vocabulary. */
public final class TokenizerChecks {
  private static final Map<String, Steps> STEPS = Steps.byKey();
  private static final Map<String, String> MODEL =
      Map.ofEntries(
          Map.entry("model.type", "text?"),
          Map.entry("model.dropout", "fraction?"),
          Map.entry("model.unk_token", "text?"),
          Map.entry("model.unk_id", "number?"),
          Map.entry("model.continuing_subword_prefix", "text?"),
          Map.entry("model.end_of_word_suffix", "text?"),
          Map.entry("model.fuse_unk", "flag?"),
          Map.entry("model.byte_fallback", "flag?"),
          Map.entry("model.ignore_merges", "flag?"),
          Map.entry("model.max_input_chars_per_word", "number?"));
  private static final int LEVELS = 24;
  private static final int COMPONENTS = 64;
  private static final int NESTING = 8;
  private static final int GROWTH = 64;
  private static final int TEXT = 4096;
  private static final int PIECES = 256;
  private static final int ADDED_TOKENS = 1_000_000;

  private final Path file;
  private int components;
  private double growth = 1;

  public TokenizerChecks(Path file) {
    this.file = file;
  }

  /**
   * Checks a field of the file, or of its model as {@code model.name}.
   *
   * @throws CorruptFile naming the key, what was expected and what was found
   */
  public void part(String key, JsonNode value) {
    plain(key, value, 1);
    Steps steps = STEPS.get(key);
    String kind = MODEL.get(key);
    if (steps != null && !value.isNull()) {
      step(steps, key, value, 1);
    } else if (kind != null) {
      field(Steps.NORMALIZER, key, value, kind, 1);
    } else if (key.equals("added_tokens") && !value.isNull()) {
      addedTokens(value);
    } else if (key.equals("truncation") && value.isObject()) {
      size("truncation.max_length", value.path("max_length"), 0);
      size("truncation.stride", value.path("stride"), 0);
    } else if (key.equals("padding") && value.isObject()) {
      JsonNode multiple = value.path("pad_to_multiple_of");
      if (!multiple.isNull() && !multiple.isMissingNode()) {
        size("padding.pad_to_multiple_of", multiple, 1);
      }
      size("padding.pad_id", value.path("pad_id"), 0);
      size("padding.pad_type_id", value.path("pad_type_id"), 0);
    }
  }

  /** Checks the numbers, texts and nesting of all fields, known or not. */
  private void plain(String key, JsonNode value, int depth) {
    require(key, "at most %d levels".formatted(LEVELS), value, depth <= LEVELS);
    boolean outOfRange =
        value.isBigInteger() || (value.isNumber() && !Double.isFinite(value.asDouble()));
    require(key, "a number in range", value, !outOfRange);
    require(key, "text in Unicode", value, !value.isTextual() || isUnicode(value.asText()));
    value
        .properties()
        .forEach(
            field -> {
              require(key, "names in Unicode", value, isUnicode(field.getKey()));
              plain(key + "." + field.getKey(), field.getValue(), depth + 1);
            });
    if (value.isArray()) {
      value.forEach(item -> plain(key, item, depth + 1));
    }
  }

  private static boolean isUnicode(String text) {
    return text.codePoints().noneMatch(c -> c >= 0xd800 && c < 0xe000);
  }

  // ---- components ----

  private void step(Steps steps, String key, JsonNode step, int depth) {
    String type = step.path("type").asText();
    Map<String, String> fields = steps.types().get(type);
    if (fields == null) {
      String hint = NearMiss.suggestion(type, steps.types().keySet());
      throw wrong(key + ".type", "a known " + steps.key() + hint, step.path("type"));
    }
    if (++components > COMPONENTS || depth > NESTING) {
      throw new CorruptFile(
          file,
          "key %s: more than %d components, or more than %d levels of them"
              .formatted(key, COMPONENTS, NESTING));
    }
    fields.forEach((name, kind) -> field(steps, key + "." + name, step.path(name), kind, depth));
    if (type.equals("TemplateProcessing")) {
      specialsAreKnown(key, step);
    }
    grow(key, type, step);
  }

  private void specialsAreKnown(String key, JsonNode template) {
    for (String pieces : new String[] {"single", "pair"}) {
      for (JsonNode piece : template.path(pieces)) {
        JsonNode id = piece.path("SpecialToken").path("id");
        boolean known = id.isMissingNode() || template.path("special_tokens").has(id.asText());
        require(key + "." + pieces, "tokens of special_tokens", id, known);
      }
    }
  }

  /** A step that lengthens the text multiplies the growth of the preceding steps. */
  private void grow(String key, String type, JsonNode step) {
    if (type.equals("ByteLevel")) {
      growth *= 2;
    } else if (type.equals("Replace")) {
      int from = Math.max(1, step.path("pattern").path("String").asText().length());
      growth *= Math.max(1, (double) step.path("content").asText().length() / from);
    }
    if (growth > GROWTH) {
      throw new CorruptFile(
          file, "key %s: the components lengthen a text more than %d times".formatted(key, GROWTH));
    }
  }

  private void field(Steps steps, String key, JsonNode value, String kind, int depth) {
    boolean absent = value.isMissingNode() || value.isNull();
    if (kind.endsWith("?")) {
      if (!absent) {
        field(steps, key, value, kind.substring(0, kind.length() - 1), depth);
      }
      return;
    }
    switch (kind) {
      case "flag" -> require(key, "true or false", value, value.isBoolean());
      case "text" -> text(key, value, 0, TEXT);
      case "word" -> text(key, value, 1, TEXT);
      case "char" -> character(key, value);
      case "size" -> size(key, value, 1);
      case "number" -> size(key, value, 0);
      case "fraction" -> require(key, "a number from 0 to 1", value, isFraction(value));
      case "pattern" -> pattern(key, value);
      case "charsmap" -> charsMap(key, value);
      case "token" -> token(key, value);
      case "pieces" -> pieces(key, value);
      case "specials" -> specials(key, value);
      case "steps" -> {
        require(key, "a list", value, value.isArray());
        for (int i = 0; i < value.size(); i++) {
          step(steps, key + "[" + i + "]", value.get(i), depth + 1);
        }
      }
      default -> throw new IllegalStateException("no kind of field: " + kind);
    }
  }

  private static boolean isFraction(JsonNode value) {
    return value.isNumber() && value.asDouble() >= 0 && value.asDouble() <= 1;
  }

  private void text(String key, JsonNode value, int least, int most) {
    require(
        key,
        "a text of %d to %,d characters".formatted(least, most),
        value,
        value.isTextual() && value.asText().length() >= least && value.asText().length() <= most);
  }

  private void character(String key, JsonNode value) {
    String text = value.asText();
    boolean one = value.isTextual() && text.codePointCount(0, text.length()) == 1;
    require(key, "one character", value, one);
  }

  private void size(String key, JsonNode value, int least) {
    require(
        key,
        "a whole number from %d to %,d".formatted(least, Integer.MAX_VALUE),
        value,
        value.isInt() && value.asInt() >= least);
  }

  private void pattern(String key, JsonNode value) {
    JsonNode regex = value.path("Regex");
    if (!regex.isTextual()) {
      require(key, "a String or a Regex", value, value.path("String").isTextual());
      text(key + ".String", value.path("String"), 1, TEXT);
      return;
    }
    problem(key + ".Regex", RegexLimits.problem(regex.asText()));
  }

  private void charsMap(String key, JsonNode value) {
    require(key, "a text", value, value.isTextual());
    problem(key, CharsMapCheck.problem(value.asText()));
  }

  private void token(String key, JsonNode value) {
    require(key, "a pair of token and id", value, value.isArray() && value.size() == 2);
    text(key, value.path(0), 0, TEXT);
    size(key, value.path(1), 0);
  }

  private void pieces(String key, JsonNode value) {
    require(
        key,
        "a list of at most %d pieces".formatted(PIECES),
        value,
        value.isArray() && value.size() <= PIECES);
    for (JsonNode piece : value) {
      JsonNode special = piece.path("SpecialToken");
      JsonNode inner = special.isObject() ? special : piece.path("Sequence");
      require(key, "a SpecialToken or a Sequence", piece, inner.isObject());
      text(key + ".id", inner.path("id"), 1, TEXT);
      size(key + ".type_id", inner.path("type_id"), 0);
    }
  }

  private void specials(String key, JsonNode value) {
    require(key, "an object", value, value.isObject() && value.size() <= PIECES);
    for (JsonNode special : value) {
      text(key + ".id", special.path("id"), 1, TEXT);
      JsonNode ids = special.path("ids");
      JsonNode tokens = special.path("tokens");
      boolean lists = ids.isArray() && tokens.isArray() && ids.size() <= PIECES;
      require(key, "lists of ids and tokens", special, lists && ids.size() == tokens.size());
      ids.forEach(id -> size(key + ".ids", id, 0));
      tokens.forEach(token -> text(key + ".tokens", token, 0, TEXT));
    }
  }

  private void addedTokens(JsonNode tokens) {
    require(
        "added_tokens",
        "a list of at most %,d tokens".formatted(ADDED_TOKENS),
        tokens,
        tokens.isArray() && tokens.size() <= ADDED_TOKENS);
    for (JsonNode token : tokens) {
      size("added_tokens.id", token.path("id"), 0);
      text("added_tokens.content", token.path("content"), 1, TEXT);
      for (String flag :
          new String[] {"single_word", "lstrip", "rstrip", "normalized", "special"}) {
        JsonNode value = token.path(flag);
        require(
            "added_tokens." + flag,
            "true or false",
            value,
            value.isBoolean() || value.isMissingNode());
      }
    }
  }

  // ---- errors ----

  private void require(String key, String expected, JsonNode found, boolean holds) {
    if (!holds) {
      throw wrong(key, expected, found);
    }
  }

  private void problem(String key, Optional<String> expectation) {
    if (expectation.isPresent()) {
      throw new CorruptFile(file, "key " + key + ": expected " + expectation.get());
    }
  }

  /** Returns the error for a field that is not as expected. */
  public CorruptFile wrong(String key, String expected, JsonNode found) {
    String text = found.isMissingNode() ? "nothing" : found.getNodeType() + " " + shown(found);
    return new CorruptFile(file, "key " + key + ": expected " + expected + ", found " + text);
  }

  private static String shown(JsonNode found) {
    if (found.isContainerNode()) {
      return "of " + found.size();
    }
    String text = found.asText();
    return text.length() > 60 ? text.substring(0, 60) + "…" : text;
  }
}
