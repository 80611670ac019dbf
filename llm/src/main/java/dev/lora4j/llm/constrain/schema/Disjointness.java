package dev.lora4j.llm.constrain.schema;

import static dev.lora4j.llm.constrain.schema.Keywords.wrong;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Checks that no value fits two alternatives of {@code oneOf}, so that one of them is enough. */
final class Disjointness {
  private static final int MAX_ALTERNATIVES = 100;

  private final SchemaResolver resolver;
  private final String path;

  private Disjointness(SchemaResolver resolver, String path) {
    this.resolver = resolver;
    this.path = path;
  }

  /**
   * Checks alternatives.
   *
   * @throws dev.lora4j.UserError naming two that may fit the same value
   */
  static void require(SchemaResolver resolver, JsonNode alternatives, String path) {
    if (alternatives.size() > MAX_ALTERNATIVES) {
      throw wrong(path, "oneOf has more than %d alternatives".formatted(MAX_ALTERNATIVES));
    }
    Disjointness check = new Disjointness(resolver, path);
    List<JsonNode> resolved = new ArrayList<>();
    for (JsonNode alternative : alternatives) {
      resolved.add(resolver.resolve(alternative, path + "/oneOf/" + resolved.size()));
    }
    for (int i = 0; i < resolved.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (!check.disjoint(resolved.get(i), resolved.get(j))) {
          throw wrong(
              path,
              "oneOf: one value may fit both alternatives %d and %d; use anyOf, or give them a"
                      .formatted(j, i)
                  + " required property with different values of const");
        }
      }
    }
  }

  private boolean disjoint(JsonNode first, JsonNode second) {
    if (!(first instanceof ObjectNode a) || !(second instanceof ObjectNode b)) {
      return true; // one of them fits no value
    }
    Optional<Set<JsonNode>> valuesOfA = values(a);
    Optional<Set<JsonNode>> valuesOfB = values(b);
    if (valuesOfA.isPresent() && valuesOfB.isPresent()) {
      return Collections.disjoint(valuesOfA.get(), valuesOfB.get());
    }
    Set<ValueType> common = EnumSet.copyOf(types(a));
    common.retainAll(types(b));
    if (common.isEmpty()) {
      return true;
    }
    return common.equals(EnumSet.of(ValueType.OBJECT))
        && (isToldApartBy(a, b) || excludes(a, b) || excludes(b, a));
  }

  private static Set<ValueType> types(ObjectNode schema) {
    Set<ValueType> types = EnumSet.allOf(ValueType.class);
    if (schema.has(Keywords.TYPE)) { // other keywords alone imply no type to a validator
      types = ValueType.of(schema);
    }
    types.removeIf(type -> !isListed(schema, type));
    return types;
  }

  private static boolean isListed(ObjectNode schema, ValueType type) {
    if (!schema.has(Keywords.ENUM)) {
      return true;
    }
    for (JsonNode value : schema.get(Keywords.ENUM)) {
      if (ValueType.includes(EnumSet.of(type), value)) {
        return true;
      }
    }
    return false;
  }

  private static Optional<Set<JsonNode>> values(ObjectNode schema) {
    JsonNode listed = schema.get(Keywords.ENUM);
    if (listed == null) {
      return Optional.empty();
    }
    Set<JsonNode> values = new HashSet<>();
    listed.forEach(value -> values.add(value.isNumber() ? plain(value) : value));
    return Optional.of(values);
  }

  private static JsonNode plain(JsonNode number) {
    return DecimalNode.valueOf(number.decimalValue().stripTrailingZeros());
  }

  /** Returns whether a property that both require has different values. */
  private boolean isToldApartBy(ObjectNode a, ObjectNode b) {
    Set<String> shared = required(a);
    shared.retainAll(required(b));
    return shared.stream()
        .anyMatch(
            name -> {
              Optional<Set<JsonNode>> one = propertyValues(a, name);
              Optional<Set<JsonNode>> other = propertyValues(b, name);
              return one.isPresent()
                  && other.isPresent()
                  && Collections.disjoint(one.get(), other.get());
            });
  }

  private Optional<Set<JsonNode>> propertyValues(ObjectNode schema, String name) {
    JsonNode property = schema.path(Keywords.PROPERTIES).get(name);
    return property != null
            && resolver.resolve(property, path + "/" + name) instanceof ObjectNode resolved
        ? values(resolved)
        : Optional.empty();
  }

  /** Returns whether a requires a property that b does not allow. */
  private static boolean excludes(ObjectNode a, ObjectNode b) {
    return BooleanNode.FALSE.equals(b.get(Keywords.ADDITIONAL))
        && required(a).stream().anyMatch(name -> !b.path(Keywords.PROPERTIES).has(name));
  }

  private static Set<String> required(ObjectNode schema) {
    Set<String> names = new HashSet<>();
    schema.path(Keywords.REQUIRED).forEach(name -> names.add(name.textValue()));
    return names;
  }
}
