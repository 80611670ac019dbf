package dev.lora4j.llm.constrain.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.constrain.grammar.Choice;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The objects and arrays of a schema. */
final class ContainerRules {
  private static final int MAX_NAME = 256;

  private final GrammarBuilder builder;
  private final JsonLexicon text;
  private final Values values;

  /** The values of another schema, and what follows them. */
  interface Values {
    GrammarNode of(JsonNode schema, String path, GrammarNode next);
  }

  private record Property(String name, JsonNode schema, String path, boolean required) {}

  ContainerRules(GrammarBuilder builder, JsonLexicon text, Values values) {
    this.builder = builder;
    this.text = text;
    this.values = values;
  }

  // ---- objects ----

  /** An object: the declared properties in order, then additional ones. */
  GrammarNode object(ObjectNode schema, String path, GrammarNode next) {
    List<Property> properties = properties(schema, path);
    Optional<JsonNode> additional = additional(schema);
    GrammarNode close = text.space(builder.literal("}", next));
    Choice last = builder.choice(close); // after all declared properties
    GrammarNode keys = builder.choice();
    if (additional.isPresent()) {
      GrammarNode value = values.of(additional.get(), path + "/" + Keywords.ADDITIONAL, last);
      Set<String> names = new HashSet<>();
      properties.forEach(property -> names.add(property.name()));
      GrammarNode colon = builder.literal(":", text.oneSpace(value));
      keys = names.isEmpty() ? text.string(colon) : text.stringExcept(names, colon);
    }
    last.or(builder.literal(",", text.space(keys)));
    GrammarNode after = last;
    boolean complete = true; // all properties from here on are optional
    for (int i = properties.size() - 1; i >= 0; i--) {
      Property property = properties.get(i);
      GrammarNode key = key(property, after);
      keys = property.required() ? key : builder.choice(key, keys);
      complete &= !property.required();
      after = builder.choice(builder.literal(",", text.space(keys)));
      if (complete) {
        ((Choice) after).or(close);
      }
    }
    GrammarNode first = complete ? builder.choice(keys, builder.literal("}", next)) : keys;
    return builder.literal("{", text.space(first));
  }

  private GrammarNode key(Property property, GrammarNode after) {
    GrammarNode value = values.of(property.schema(), property.path(), after);
    return builder.literal(JsonLexicon.quoted(property.name()) + ":", text.oneSpace(value));
  }

  /** The declared properties, then those that are required only. */
  private static List<Property> properties(ObjectNode schema, String path) {
    Map<String, JsonNode> declared = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : schema.path(Keywords.PROPERTIES).properties()) {
      declared.put(property.getKey(), property.getValue());
    }
    Set<String> required = new HashSet<>();
    for (JsonNode name : schema.path(Keywords.REQUIRED)) {
      required.add(name.textValue());
      declared.putIfAbsent(
          name.textValue(),
          schema.has(Keywords.ADDITIONAL) ? schema.get(Keywords.ADDITIONAL) : BooleanNode.TRUE);
    }
    if (declared.keySet().stream().anyMatch(name -> name.length() > MAX_NAME)) {
      throw Keywords.wrong(path, "a property's name has more than " + MAX_NAME + " characters");
    }
    List<Property> properties = new ArrayList<>();
    declared.forEach(
        (name, value) ->
            properties.add(
                new Property(name, value, path + "/properties/" + name, required.contains(name))));
    return properties;
  }

  /** The schema of additional properties; an object that declares some has none by default. */
  private static Optional<JsonNode> additional(ObjectNode schema) {
    JsonNode additional = schema.get(Keywords.ADDITIONAL);
    if (additional == null) {
      boolean declares = !schema.path(Keywords.PROPERTIES).isEmpty();
      return declares ? Optional.empty() : Optional.of(BooleanNode.TRUE);
    }
    return additional.equals(BooleanNode.FALSE) ? Optional.empty() : Optional.of(additional);
  }

  // ---- arrays ----

  /** An array: the first elements by {@code prefixItems}, the others by {@code items}. */
  GrammarNode array(ObjectNode schema, String path, GrammarNode next) {
    JsonNode prefix = schema.path(Keywords.PREFIX_ITEMS);
    int least = Keywords.count(schema, Keywords.MIN_ITEMS, 0);
    int most = Keywords.count(schema, Keywords.MAX_ITEMS, Integer.MAX_VALUE);
    Optional<JsonNode> items = items(schema);
    boolean unbounded = items.isPresent() && most == Integer.MAX_VALUE;
    int counted = unbounded ? Math.max(prefix.size(), least) : most;
    if (items.isEmpty()) {
      counted = Math.min(most, prefix.size());
    }
    GrammarNode close = text.space(builder.literal("]", next));
    Choice last = counted >= least ? builder.choice(close) : builder.choice();
    GrammarNode element = builder.choice();
    if (unbounded) {
      element = values.of(items.get(), path + "/items", last);
      last.or(builder.literal(",", text.space(element)));
    }
    GrammarNode after = last; // after so many elements
    for (int i = counted - 1; i >= 0; i--) {
      JsonNode own = i < prefix.size() ? prefix.get(i) : items.orElse(BooleanNode.FALSE);
      String place = i < prefix.size() ? "/prefixItems/" + i : "/items";
      element = values.of(own, path + place, after);
      Choice before = builder.choice(builder.literal(",", text.space(element)));
      after = i >= least ? before.or(close) : before;
    }
    GrammarNode first = least == 0 ? builder.choice(element, builder.literal("]", next)) : element;
    return builder.literal("[", text.space(first));
  }

  /** The schema of further elements; an array that lists its first ones has none by default. */
  private static Optional<JsonNode> items(ObjectNode schema) {
    JsonNode items = schema.get(Keywords.ITEMS);
    if (items == null) {
      boolean listed = !schema.path(Keywords.PREFIX_ITEMS).isEmpty();
      return listed ? Optional.empty() : Optional.of(BooleanNode.TRUE);
    }
    return items.equals(BooleanNode.FALSE) ? Optional.empty() : Optional.of(items);
  }
}
