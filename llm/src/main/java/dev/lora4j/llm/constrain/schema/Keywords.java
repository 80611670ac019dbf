package dev.lora4j.llm.constrain.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/** The keywords of JSON Schema: those that a grammar can follow, and annotations. */
final class Keywords {
  static final String TYPE = "type";
  static final String NULLABLE = "nullable";
  static final String ENUM = "enum";
  static final String CONST = "const";
  static final String REF = "$ref";
  static final String ALL_OF = "allOf";
  static final String ANY_OF = "anyOf";
  static final String ONE_OF = "oneOf";
  static final String PROPERTIES = "properties";
  static final String REQUIRED = "required";
  static final String ADDITIONAL = "additionalProperties";
  static final String ITEMS = "items";
  static final String PREFIX_ITEMS = "prefixItems";
  static final String MIN_ITEMS = "minItems";
  static final String MAX_ITEMS = "maxItems";
  static final String MIN_LENGTH = "minLength";
  static final String MAX_LENGTH = "maxLength";
  static final String PATTERN = "pattern";
  static final String FORMAT = "format";
  static final String MINIMUM = "minimum";
  static final String MAXIMUM = "maximum";
  static final String ABOVE = "exclusiveMinimum";
  static final String BELOW = "exclusiveMaximum";

  static final Set<String> OF_OBJECTS = Set.of(PROPERTIES, REQUIRED, ADDITIONAL);
  static final Set<String> OF_ARRAYS = Set.of(ITEMS, PREFIX_ITEMS, MIN_ITEMS, MAX_ITEMS);
  static final Set<String> OF_STRINGS = Set.of(MIN_LENGTH, MAX_LENGTH, PATTERN, FORMAT);
  static final Set<String> OF_NUMBERS = Set.of(MINIMUM, MAXIMUM, ABOVE, BELOW);

  private static final Set<String> OF_ALL =
      Set.of(TYPE, NULLABLE, ENUM, CONST, REF, ALL_OF, ANY_OF, ONE_OF);
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "title",
          "description",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "discriminator",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions");

  private static final int MAX_SCALE = 400; // of a double's digits

  private Keywords() {}

  static boolean isAnnotation(String keyword) {
    return ANNOTATIONS.contains(keyword);
  }

  /**
   * Checks that a schema has only keywords that are supported, with values of the right kind.
   *
   * @throws UserError naming the keyword and the schema
   */
  static void check(ObjectNode schema, String path) {
    for (Map.Entry<String, JsonNode> field : schema.properties()) {
      String name = field.getKey();
      boolean idle = name.equals("uniqueItems") && field.getValue().equals(BooleanNode.FALSE);
      if (!isSupported(name) && !isAnnotation(name) && !idle) {
        throw wrong(
            path,
            "the keyword %s is not supported%s".formatted(name, NearMiss.hint(name, known())));
      }
      checkValue(name, field.getValue(), path);
    }
  }

  private static void checkValue(String name, JsonNode value, String path) {
    switch (name) {
      case TYPE ->
          require(
              value.isTextual() || isFilledList(value), name, "a type, or a list of types", path);
      case NULLABLE -> require(value.isBoolean(), name, "true or false", path);
      case ENUM, ALL_OF, ANY_OF, ONE_OF, PREFIX_ITEMS ->
          require(isFilledList(value), name, "a list with at least one element", path);
      case PROPERTIES -> require(value.isObject(), name, "an object", path);
      case REQUIRED -> require(value.isArray() && isTexts(value), name, "a list of names", path);
      case PATTERN, FORMAT, REF -> require(value.isTextual(), name, "a string", path);
      case MINIMUM, MAXIMUM, ABOVE, BELOW -> require(isModerate(value), name, "a number", path);
      case MIN_ITEMS, MAX_ITEMS, MIN_LENGTH, MAX_LENGTH ->
          require(
              isModerate(value) && value.canConvertToExactIntegral() && value.asLong() >= 0,
              name,
              "an integer from 0 on",
              path);
      default -> {} // schemas are checked when they are compiled; const is any value
    }
  }

  private static void require(boolean right, String name, String expected, String path) {
    if (!right) {
      throw wrong(path, "%s: expected %s".formatted(name, expected));
    }
  }

  private static boolean isFilledList(JsonNode value) {
    return value.isArray() && !value.isEmpty();
  }

  private static boolean isTexts(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).allMatch(JsonNode::isTextual);
  }

  /** Returns whether it is a number that can be written with few digits. */
  private static boolean isModerate(JsonNode value) {
    return value.isNumber()
        && Double.isFinite(value.doubleValue())
        && Math.abs(value.decimalValue().scale()) <= MAX_SCALE
        && value.decimalValue().precision() <= MAX_SCALE;
  }

  private static boolean isSupported(String keyword) {
    return OF_ALL.contains(keyword)
        || OF_OBJECTS.contains(keyword)
        || OF_ARRAYS.contains(keyword)
        || OF_STRINGS.contains(keyword)
        || OF_NUMBERS.contains(keyword);
  }

  private static Set<String> known() {
    Set<String> known = new TreeSet<>(OF_ALL);
    known.addAll(OF_OBJECTS);
    known.addAll(OF_ARRAYS);
    known.addAll(OF_STRINGS);
    known.addAll(OF_NUMBERS);
    return known;
  }

  static UserError wrong(String path, String problem) {
    return new UserError("the schema at " + path + ": " + problem);
  }

  /** Returns a count; the given one if there is none. */
  static int count(ObjectNode schema, String name, int otherwise) {
    JsonNode value = schema.get(name);
    return value == null ? otherwise : (int) Math.min(Integer.MAX_VALUE, value.asLong());
  }
}
