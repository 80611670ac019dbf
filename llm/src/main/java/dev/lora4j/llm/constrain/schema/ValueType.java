package dev.lora4j.llm.constrain.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The types of JSON Schema; numbers include integers. */
enum ValueType {
  OBJECT,
  ARRAY,
  STRING,
  NUMBER,
  INTEGER,
  BOOLEAN,
  NULL;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The types of a {@code type} keyword, with integers wherever there are numbers. */
  static Set<ValueType> listed(JsonNode type) {
    Set<ValueType> types = EnumSet.noneOf(ValueType.class);
    for (JsonNode one : type.isArray() ? type : List.of(type)) {
      types.add(of(one));
    }
    if (types.contains(NUMBER)) {
      types.add(INTEGER);
    }
    return types;
  }

  private static ValueType of(JsonNode name) {
    return Arrays.stream(values())
        .filter(type -> type.label().equals(name.asText()))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "type: found %s%s"
                        .formatted(
                            name,
                            NearMiss.hint(
                                name.asText(),
                                Arrays.stream(values()).map(ValueType::label).toList()))));
  }

  /** The types of a resolved schema, which follow from its other keywords if it names none. */
  static Set<ValueType> of(ObjectNode schema) {
    JsonNode type = schema.get(Keywords.TYPE);
    Set<ValueType> types = type == null ? implied(schema) : listed(type);
    if (schema.path(Keywords.NULLABLE).asBoolean()) {
      types.add(NULL);
    }
    return types;
  }

  private static Set<ValueType> implied(ObjectNode schema) {
    Set<ValueType> types = EnumSet.noneOf(ValueType.class);
    for (String name : (Iterable<String>) schema::fieldNames) {
      if (Keywords.OF_OBJECTS.contains(name)) {
        types.add(OBJECT);
      } else if (Keywords.OF_ARRAYS.contains(name)) {
        types.add(ARRAY);
      } else if (Keywords.OF_STRINGS.contains(name)) {
        types.add(STRING);
      } else if (Keywords.OF_NUMBERS.contains(name)) {
        types.add(NUMBER);
      }
    }
    return types.isEmpty() ? EnumSet.allOf(ValueType.class) : types;
  }

  /** Returns whether a value has one of the types. */
  static boolean includes(Set<ValueType> types, JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> types.contains(OBJECT);
      case ARRAY -> types.contains(ARRAY);
      case STRING -> types.contains(STRING);
      case BOOLEAN -> types.contains(BOOLEAN);
      case NULL -> types.contains(NULL);
      case NUMBER ->
          types.contains(NUMBER) || (types.contains(INTEGER) && value.canConvertToExactIntegral());
      default -> false;
    };
  }
}
