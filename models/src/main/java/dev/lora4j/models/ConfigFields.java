package dev.lora4j.models;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The fields of a model's {@code config.json}. A field that is there must be of its kind; the error
 * names file, field, expected and found. A null counts as absent.
 */
public final class ConfigFields {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final String prefix;
  private final ObjectNode json;

  private ConfigFields(Path file, String prefix, ObjectNode json) {
    this.file = file;
    this.prefix = prefix;
    this.json = json;
  }

  /**
   * Reads a file.
   *
   * @throws UserError if it can't be read
   * @throws CorruptFile if it holds no JSON object
   */
  public static ConfigFields read(Path file) {
    try {
      return of(file, JSON.readTree(Files.readAllBytes(file)));
    } catch (NoSuchFileException e) {
      throw new UserError("there is no " + file + "; is it a directory of a model?", e);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  /**
   * The fields of a config that was made, not read.
   *
   * @param origin what it was made from, for messages
   */
  public static ConfigFields of(Path origin, ObjectNode json) {
    return new ConfigFields(origin, "", json.deepCopy());
  }

  /**
   * The fields of a file that was read before.
   *
   * @throws CorruptFile if it holds no JSON object
   */
  public static ConfigFields parse(Path file, byte[] content) {
    try {
      return of(file, JSON.readTree(content));
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("memory that can't be read", e);
    }
  }

  private static ConfigFields of(Path file, JsonNode json) {
    if (json instanceof ObjectNode object) {
      return new ConfigFields(file, "", object);
    }
    throw new CorruptFile(file, "expected a JSON object");
  }

  /** A copy of all fields as they stand in the file. */
  public ObjectNode json() {
    return json.deepCopy();
  }

  /** Where the fields come from. */
  public Path file() {
    return file;
  }

  /** Whether the field is there and not null. */
  boolean has(String key) {
    return json.hasNonNull(key);
  }

  /** Whether the field is there, if only with null. */
  boolean isPresent(String key) {
    return json.has(key);
  }

  /** The object in this field; one without fields where there is none. */
  ConfigFields object(String key) {
    JsonNode inner = json.path(key);
    if (inner instanceof ObjectNode object) {
      return new ConfigFields(file, prefix + key + ".", object);
    }
    if (has(key)) {
      throw wrong(key, "an object", inner);
    }
    return new ConfigFields(file, prefix + key + ".", JSON.createObjectNode());
  }

  /** A whole number, at least 1, that must be there. */
  int size(String key) {
    return optionalSize(key).orElseThrow(() -> missing(key, "a whole number"));
  }

  /** A whole number, at least 1. */
  int size(String key, int ifAbsent) {
    return optionalSize(key).orElse(ifAbsent);
  }

  Optional<Integer> optionalSize(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    JsonNode value = json.get(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw wrong(key, "a whole number, at least 1", value);
    }
    return Optional.of(value.intValue());
  }

  /** A number that must be there. */
  public double number(String key) {
    if (!has(key)) {
      throw missing(key, "a number");
    }
    return number(key, 0);
  }

  double number(String key, double ifAbsent) {
    if (!has(key)) {
      return ifAbsent;
    }
    JsonNode value = json.get(key);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrong(key, "a number", value);
    }
    return value.doubleValue();
  }

  boolean flag(String key, boolean ifAbsent) {
    if (!has(key)) {
      return ifAbsent;
    }
    if (!json.get(key).isBoolean()) {
      throw wrong(key, "true or false", json.get(key));
    }
    return json.get(key).booleanValue();
  }

  /** A word. */
  public String text(String key, String ifAbsent) {
    if (!has(key)) {
      return ifAbsent;
    }
    if (!json.get(key).isTextual()) {
      throw wrong(key, "a text", json.get(key));
    }
    return json.get(key).textValue();
  }

  /** Words; none where the field is absent. */
  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    if (has(key) && !json.get(key).isArray()) {
      throw wrong(key, "a list", json.get(key));
    }
    json.path(key).forEach(value -> texts.add(value.asText()));
    return texts;
  }

  /** Whole numbers, of which a single one may stand without a list; none where it is absent. */
  public List<Long> integers(String key) {
    JsonNode value = json.path(key);
    List<Long> integers = new ArrayList<>();
    for (JsonNode one : value.isArray() ? value : List.of(value)) {
      if (one.isIntegralNumber()) {
        integers.add(one.longValue());
      } else if (has(key)) {
        throw wrong(key, "whole numbers", value);
      }
    }
    return integers;
  }

  /**
   * Refuses what would change the result and is not done here: these fields must be absent, null,
   * false, empty, or have the value that stands beside them.
   *
   * @throws UserError naming every field that is not
   */
  void refuseUnless(Map<String, Object> neutral) {
    List<String> refused = new ArrayList<>();
    neutral.forEach(
        (key, value) -> {
          JsonNode given = json.path(key);
          if (!isOff(given) && !isSame(given, value)) {
            refused.add(prefix + key + " = " + given);
          }
        });
    if (!refused.isEmpty()) {
      refused.sort(null);
      throw new UserError(
          file + ": not supported, and it would change the result: " + String.join(", ", refused));
    }
  }

  private static boolean isOff(JsonNode value) {
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

  /** File and field, for messages. */
  String path(String key) {
    return file + ": " + prefix + key;
  }

  private CorruptFile missing(String key, String expected) {
    return new CorruptFile(file, prefix + key + ": expected " + expected + ", found nothing");
  }

  CorruptFile wrong(String key, String expected, Object found) {
    return new CorruptFile(file, prefix + key + ": expected " + expected + ", found " + found);
  }
}
