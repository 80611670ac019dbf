package dev.lora4j.cli.embed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** The SQL type of each column of JSON rows that holds all its values. */
final class ColumnTypes {
  private static final String TEXT = "VARCHAR";
  private static final String JSON = "JSON";
  private static final String WHOLE = "BIGINT";
  private static final String NUMBER = "DOUBLE";
  private static final String FLAG = "BOOLEAN";

  private final Map<String, String> types = new LinkedHashMap<>();

  /** Takes the values of a row. */
  void add(ObjectNode row) {
    row.properties()
        .forEach(
            field -> {
              if (!field.getValue().isNull()) {
                types.merge(field.getKey(), type(field.getValue()), ColumnTypes::common);
              } else {
                types.putIfAbsent(field.getKey(), "");
              }
            });
  }

  private static String type(JsonNode value) {
    if (value.isTextual()) {
      return TEXT;
    }
    if (value.isBoolean()) {
      return FLAG;
    }
    if (value.isNumber()) {
      return value.canConvertToLong() && value.isIntegralNumber() ? WHOLE : NUMBER;
    }
    return JSON;
  }

  private static String common(String one, String other) {
    if (one.isEmpty() || one.equals(other)) {
      return other;
    }
    boolean numbers =
        !(one + other).contains(TEXT)
            && !(one + other).contains(JSON)
            && !(one + other).contains(FLAG);
    return numbers ? NUMBER : JSON;
  }

  /** Returns the type of each column, in the order of their first row. */
  Map<String, String> types() {
    Map<String, String> known = new LinkedHashMap<>();
    types.forEach((name, type) -> known.put(name, type.isEmpty() ? TEXT : type));
    return known;
  }
}
