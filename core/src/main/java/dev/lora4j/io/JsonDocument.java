package dev.lora4j.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The fields of a JSON object in a file, each checked for its type when it is read. An error names
 * the file, the field, the expected type and the value found:
 *
 * <pre>
 * config.json: `hidden_size` must be a positive integer, found "x"
 * </pre>
 *
 * <p>A null counts as an absent field.
 */
public final class JsonDocument {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String POSITIVE = "a positive integer";
  private static final String NUMBER = "a finite number";
  private static final String ABOVE_ZERO = "a finite number above 0";

  /** The largest file that is read, in bytes; real configs are far smaller. */
  public static final int MAX_BYTES = 16 << 20;

  private final Path file;
  private final String prefix;
  private final ObjectNode json;

  private JsonDocument(Path file, String prefix, ObjectNode json) {
    this.file = file;
    this.prefix = prefix;
    this.json = json;
  }

  /**
   * Reads a file.
   *
   * @throws UserError if the file can't be read
   * @throws CorruptFile if it holds no JSON object
   */
  public static JsonDocument read(Path file) {
    try {
      return parse(file, WholeFile.read(file, MAX_BYTES));
    } catch (NoSuchFileException e) {
      throw new UserError("there is no " + file + "; is it a directory of a model?", e);
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  /**
   * Parses the content of a file.
   *
   * @throws CorruptFile if it is no JSON object
   */
  public static JsonDocument parse(Path file, byte[] content) {
    try {
      if (JSON.readTree(content) instanceof ObjectNode object) {
        return new JsonDocument(file, "", object);
      }
      throw new CorruptFile(file, "expected a JSON object");
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CorruptFile(file, "no text in UTF-8: " + e.getMessage(), e);
    }
  }

  /** Wraps an object that was not read from a JSON file; messages name its origin. */
  public static JsonDocument of(Path origin, ObjectNode json) {
    return new JsonDocument(origin, "", json.deepCopy());
  }

  /** Formats a value as indented UTF-8 text with a final newline, as config files are written. */
  public static byte[] bytes(JsonNode json) {
    try {
      return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree that can't be written", e);
    }
  }

  /** Returns a copy of all fields, including those that nothing here reads. */
  public ObjectNode json() {
    return json.deepCopy();
  }

  /** Returns the same fields, and these values for those that are absent; a null stays. */
  public JsonDocument withDefaults(Map<String, Object> defaults) {
    ObjectNode all = json();
    defaults.forEach(
        (key, value) -> {
          if (!json.has(key)) {
            all.set(key, JSON.valueToTree(value));
          }
        });
    return new JsonDocument(file, prefix, all);
  }

  /** Returns the file that the fields come from. */
  public Path file() {
    return file;
  }

  /** Returns the unchecked value of a field; a missing node if it is absent. */
  public JsonNode node(String key) {
    return json.path(key);
  }

  /** Returns the fields in the order of the file. */
  public Iterable<Map.Entry<String, JsonNode>> fields() {
    return json.properties();
  }

  /** Returns whether the field is present and not null. */
  public boolean has(String key) {
    return json.hasNonNull(key);
  }

  /** Returns whether the field is present, even with a null value. */
  public boolean isPresent(String key) {
    return json.has(key);
  }

  /** Returns the nested object in a field; an object without fields if it is absent. */
  public JsonDocument object(String key) {
    JsonNode inner = node(key);
    if (inner instanceof ObjectNode object) {
      return new JsonDocument(file, prefix + key + ".", object);
    }
    if (has(key)) {
      throw wrong(key, "an object", inner);
    }
    return new JsonDocument(file, prefix + key + ".", JSON.createObjectNode());
  }

  /** Returns a required positive integer. */
  public int size(String key) {
    return optionalSize(key).orElseThrow(() -> missing(key, POSITIVE));
  }

  /** Returns a positive integer, or the default if the field is absent. */
  public int size(String key, int ifAbsent) {
    return optionalSize(key).orElse(ifAbsent);
  }

  private Optional<Integer> optionalSize(String key) {
    return value(key, POSITIVE, v -> v.doubleValue() == v.intValue() && v.intValue() >= 1)
        .map(JsonNode::intValue);
  }

  /** Returns a required finite number. */
  public double number(String key) {
    return finite(key).orElseThrow(() -> missing(key, NUMBER));
  }

  /** Returns a finite number, or the default if the field is absent. */
  public double number(String key, double ifAbsent) {
    return finite(key).orElse(ifAbsent);
  }

  private Optional<Double> finite(String key) {
    return value(key, NUMBER, JsonDocument::isFinite).map(JsonNode::doubleValue);
  }

  /** Returns a required finite number above 0. */
  public double positive(String key) {
    return aboveZero(key).orElseThrow(() -> missing(key, ABOVE_ZERO));
  }

  /** Returns a finite number above 0, or the default if the field is absent. */
  public double positive(String key, double ifAbsent) {
    return aboveZero(key).orElse(ifAbsent);
  }

  private Optional<Double> aboveZero(String key) {
    return value(key, ABOVE_ZERO, v -> isFinite(v) && v.doubleValue() > 0)
        .map(JsonNode::doubleValue);
  }

  private static boolean isFinite(JsonNode value) {
    return value.isNumber() && Double.isFinite(value.doubleValue());
  }

  /** Returns a boolean, or the default if the field is absent. */
  public boolean flag(String key, boolean ifAbsent) {
    return value(key, "true or false", JsonNode::isBoolean)
        .map(JsonNode::booleanValue)
        .orElse(ifAbsent);
  }

  /** Returns a string, or the default if the field is absent. */
  public String text(String key, String ifAbsent) {
    return value(key, "a string", JsonNode::isTextual).map(JsonNode::textValue).orElse(ifAbsent);
  }

  private Optional<JsonNode> value(String key, String expected, Predicate<JsonNode> type) {
    if (has(key) && !type.test(node(key))) {
      throw wrong(key, expected, node(key));
    }
    return has(key) ? Optional.of(node(key)) : Optional.empty();
  }

  /** Returns a list of strings, or a single one as a list; empty if the field is absent. */
  public List<String> texts(String key) {
    return list(key, "a list of strings", JsonNode::isTextual).map(JsonNode::textValue).toList();
  }

  /** Returns a list of integers, or a single one as a list; empty if the field is absent. */
  public List<Long> integers(String key) {
    return list(key, "a list of integers", JsonNode::isIntegralNumber)
        .map(JsonNode::longValue)
        .toList();
  }

  /** Returns a list of finite numbers, or a single one as a list; empty if the field is absent. */
  public List<Double> numbers(String key) {
    return list(key, "a list of finite numbers", JsonDocument::isFinite)
        .map(JsonNode::doubleValue)
        .toList();
  }

  private Stream<JsonNode> list(String key, String expected, Predicate<JsonNode> type) {
    List<JsonNode> elements = new ArrayList<>();
    if (node(key).isArray()) {
      node(key).forEach(elements::add);
    } else if (has(key)) {
      elements.add(node(key));
    }
    if (!elements.stream().allMatch(type)) {
      throw wrong(key, expected, node(key));
    }
    return elements.stream();
  }

  /**
   * Refuses fields that would change the result and are not supported: each must be absent, null,
   * false, empty, or have its neutral value.
   *
   * @param neutral the neutral value of each field
   * @throws UserError naming every field that has another value
   */
  public void refuseUnless(Map<String, Object> neutral) {
    List<String> refused = new ArrayList<>();
    neutral.forEach(
        (key, value) -> {
          if (!isOff(node(key)) && !isSame(node(key), value)) {
            refused.add(prefix + key + " = " + node(key));
          }
        });
    refused.sort(null);
    refuse(refused);
  }

  /**
   * Refuses unsupported settings.
   *
   * @throws UserError naming all of them, if there are any
   */
  public void refuse(List<String> settings) {
    if (!settings.isEmpty()) {
      throw new UserError(
          file + ": not supported, and it would change the result: " + String.join(", ", settings));
    }
  }

  /** Returns whether a value switches its setting off: absent, null, false or empty. */
  public static boolean isOff(JsonNode value) {
    return value.isMissingNode()
        || value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty());
  }

  private static boolean isSame(JsonNode given, Object value) {
    return value instanceof Number number
        ? given.isNumber() && given.doubleValue() == number.doubleValue()
        : given.asText().equals(value.toString());
  }

  /** Returns the file and the field's full name, for messages. */
  public String path(String key) {
    return file + ": `" + prefix + key + "`";
  }

  private CorruptFile missing(String key, String expected) {
    return new CorruptFile(
        file, "`%s%s` is missing; it must be %s".formatted(prefix, key, expected));
  }

  /** Returns the error for a field with a value of the wrong type or out of range. */
  public CorruptFile wrong(String key, String expected, Object found) {
    return new CorruptFile(
        file, "`%s%s` must be %s, found %s".formatted(prefix, key, expected, found));
  }
}
