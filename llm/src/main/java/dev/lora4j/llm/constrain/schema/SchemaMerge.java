package dev.lora4j.llm.constrain.schema;

import static dev.lora4j.llm.constrain.schema.Keywords.wrong;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Combines schemas that have to hold at the same time. */
final class SchemaMerge {
  private SchemaMerge() {}

  /** Adds the constraints of a schema to another, which is changed. */
  static void merge(ObjectNode whole, ObjectNode part, String path) {
    mergeProperties(whole, part);
    for (Map.Entry<String, JsonNode> field : part.properties()) {
      String name = field.getKey();
      JsonNode before = whole.get(name);
      if (name.equals(Keywords.PROPERTIES)) {
        continue;
      }
      whole.set(
          name,
          before == null || before.equals(field.getValue())
              ? field.getValue()
              : merged(name, before, field.getValue(), path));
    }
  }

  private static JsonNode merged(String name, JsonNode a, JsonNode b, String path) {
    return switch (name) {
      case Keywords.TYPE -> commonTypes(a, b);
      case Keywords.REQUIRED -> union(a, b);
      case Keywords.ENUM -> common(a, b);
      case Keywords.ITEMS, Keywords.ADDITIONAL -> both(a, b);
      case Keywords.MINIMUM, Keywords.ABOVE, Keywords.MIN_ITEMS, Keywords.MIN_LENGTH ->
          a.decimalValue().compareTo(b.decimalValue()) >= 0 ? a : b;
      case Keywords.MAXIMUM, Keywords.BELOW, Keywords.MAX_ITEMS, Keywords.MAX_LENGTH ->
          a.decimalValue().compareTo(b.decimalValue()) <= 0 ? a : b;
      case Keywords.NULLABLE -> a.asBoolean() ? b : a;
      default -> throw wrong(path, "two different values of %s can't be combined".formatted(name));
    };
  }

  /** A property that only one of the schemas declares is an additional one of the other. */
  private static void mergeProperties(ObjectNode whole, ObjectNode part) {
    JsonNode before = whole.path(Keywords.PROPERTIES);
    JsonNode more = part.path(Keywords.PROPERTIES);
    if (!before.isObject() && !more.isObject()) {
      return;
    }
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    Set<String> names = new LinkedHashSet<>();
    before.fieldNames().forEachRemaining(names::add);
    more.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      List<JsonNode> schemas = new ArrayList<>();
      addProperty(schemas, whole, name);
      addProperty(schemas, part, name);
      all.set(name, schemas.size() == 1 ? schemas.get(0) : both(schemas.get(0), schemas.get(1)));
    }
    whole.set(Keywords.PROPERTIES, all);
  }

  private static void addProperty(List<JsonNode> schemas, ObjectNode schema, String name) {
    JsonNode declared = schema.path(Keywords.PROPERTIES).get(name);
    JsonNode other = declared == null ? schema.get(Keywords.ADDITIONAL) : declared;
    if (other != null) {
      schemas.add(other);
    }
  }

  /** Both schemas, without nesting, so that recursive schemas do not grow at each level. */
  private static JsonNode both(JsonNode a, JsonNode b) {
    Set<JsonNode> all = new LinkedHashSet<>();
    addParts(all, a);
    addParts(all, b);
    if (all.size() == 1) {
      return a;
    }
    ObjectNode both = JsonNodeFactory.instance.objectNode();
    both.putArray(Keywords.ALL_OF).addAll(all);
    return both;
  }

  private static void addParts(Set<JsonNode> all, JsonNode schema) {
    if (schema.size() == 1 && schema.has(Keywords.ALL_OF)) {
      schema.get(Keywords.ALL_OF).forEach(part -> addParts(all, part));
    } else {
      all.add(schema);
    }
  }

  private static ArrayNode union(JsonNode a, JsonNode b) {
    Set<JsonNode> all = new LinkedHashSet<>();
    a.forEach(all::add);
    b.forEach(all::add);
    return array(all);
  }

  private static ArrayNode common(JsonNode a, JsonNode b) {
    Set<JsonNode> all = new LinkedHashSet<>();
    a.forEach(all::add);
    Set<JsonNode> others = new LinkedHashSet<>();
    b.forEach(others::add);
    all.retainAll(others);
    return array(all);
  }

  private static ArrayNode commonTypes(JsonNode a, JsonNode b) {
    Set<ValueType> types = ValueType.listed(a);
    types.retainAll(ValueType.listed(b));
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    types.forEach(type -> array.add(type.label()));
    return array;
  }

  private static ArrayNode array(Set<JsonNode> values) {
    return JsonNodeFactory.instance.arrayNode().addAll(values);
  }
}
