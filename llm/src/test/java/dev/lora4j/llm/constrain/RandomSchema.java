package dev.lora4j.llm.constrain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** A random schema with random values that are valid for it, in the order of its properties. */
record RandomSchema(JsonNode schema, Supplier<JsonNode> value) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> NAMES = List.of("a", "ab", "name", "größe", "x\"y", "list", "");
  private static final List<String> TEXTS =
      List.of("", "a", "Ahoy, \"mate\"", "tab\tand\nline", "größer 😀", "back\\slash / slash");

  /** A schema without recursion, of at most this nesting. */
  static RandomSchema of(Random random, int nesting) {
    return switch (random.nextInt(nesting > 0 ? 14 : 8)) {
      case 0 -> string(random);
      case 1 -> integer(random);
      case 2 -> number(random);
      case 3 -> listed(random);
      case 4 -> pattern(random);
      case 5 -> new RandomSchema(type("boolean"), () -> JSON.booleanNode(random.nextBoolean()));
      case 6 -> counted(random);
      case 7 -> types(random);
      case 8, 9 -> array(random, nesting);
      case 10 -> anyOf(random, nesting);
      case 11 -> allOf(random, nesting);
      default -> object(random, nesting);
    };
  }

  private static ObjectNode type(String name) {
    return JSON.objectNode().put("type", name);
  }

  private static <T> T one(Random random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static RandomSchema string(Random random) {
    return new RandomSchema(type("string"), () -> JSON.textNode(one(random, TEXTS)));
  }

  private static RandomSchema counted(Random random) {
    int least = random.nextInt(4);
    int most = least + random.nextInt(8);
    ObjectNode schema = type("string").put("minLength", least);
    if (random.nextBoolean()) {
      schema.put("maxLength", most);
    }
    return new RandomSchema(
        schema,
        () -> {
          StringBuilder text = new StringBuilder();
          int length = least + random.nextInt(most - least + 1);
          for (int i = 0; i < length; i++) {
            text.append(one(random, List.of("a", "ß", "😀", "\"", "\n", " ", "\u0001")));
          }
          return JSON.textNode(text.toString());
        });
  }

  private static RandomSchema integer(Random random) {
    long least = random.nextInt(3000) - 1500L;
    long most = least + random.nextInt(random.nextBoolean() ? 5 : 5000);
    boolean strict = random.nextBoolean();
    ObjectNode schema = type("integer");
    schema.put(strict ? "exclusiveMinimum" : "minimum", strict ? least - 1 : least);
    schema.put(strict ? "exclusiveMaximum" : "maximum", strict ? most + 1 : most);
    return new RandomSchema(
        schema, () -> JSON.numberNode(least + random.nextInt((int) (most - least) + 1)));
  }

  private static RandomSchema number(Random random) {
    if (random.nextBoolean()) {
      return new RandomSchema(
          type("number"), () -> JSON.numberNode(random.nextGaussian() * (1 << random.nextInt(30))));
    }
    BigDecimal least = BigDecimal.valueOf(random.nextInt(4000) - 2000, random.nextInt(4));
    BigDecimal most = least.add(BigDecimal.valueOf(random.nextInt(3000) + 2, random.nextInt(5)));
    boolean strict = random.nextBoolean();
    ObjectNode schema = type("number");
    schema.put(strict ? "exclusiveMinimum" : "minimum", least);
    schema.put(strict ? "exclusiveMaximum" : "maximum", most);
    return new RandomSchema(
        schema,
        () -> {
          int part = 1 + random.nextInt(98);
          BigDecimal value = least.add(most.subtract(least).multiply(BigDecimal.valueOf(part, 2)));
          return JSON.numberNode(value);
        });
  }

  private static RandomSchema listed(Random random) {
    ArrayNode values = JSON.arrayNode();
    for (int i = random.nextInt(4); i >= 0; i--) {
      switch (random.nextInt(4)) {
        case 0 -> values.add(random.nextInt(20));
        case 1 -> values.addNull();
        case 2 -> values.addObject().put("k", one(random, TEXTS));
        default -> values.add(one(random, TEXTS));
      }
    }
    ObjectNode schema = JSON.objectNode();
    if (values.size() == 1) {
      schema.set("const", values.get(0));
    } else {
      schema.set("enum", values);
    }
    return new RandomSchema(schema, () -> values.get(random.nextInt(values.size())));
  }

  /** Patterns and formats with examples. */
  private static RandomSchema pattern(Random random) {
    List<List<String>> patterns =
        List.of(
            List.of("pattern", "^[a-z]+-\\d{2,3}$", "abc-12", "x-999"),
            List.of("pattern", "^(?:yes|no)(?:, sir)?$", "yes", "no, sir"),
            List.of("pattern", "b+[^\\dx-z\"]?", "abba", "b", "über b\\ß"),
            List.of("pattern", "^\\s*\"\\w*\"$", " \"a_1\"", "\"\""),
            List.of("format", "date", "2024-02-29", "1999-12-31"),
            List.of("format", "date-time", "2026-11-29T16:45:00Z", "2000-02-29T00:00:59.5+01:30"),
            List.of("format", "time", "23:59:59Z"),
            List.of("format", "uuid", "123e4567-e89b-12d3-a456-426614174000"),
            List.of("format", "ipv4", "127.0.0.1", "255.10.1.99"),
            List.of("format", "hostname", "my-host.example"),
            List.of("format", "duration", "P1Y2M3DT4H5M6S", "PT5M", "P3W"),
            List.of("format", "ipv6", "2001:db8:0:0:0:ff00:42:8329"),
            List.of("format", "uri", "https://example.org:8080/a/b?c=d#e"));
    List<String> chosen = one(random, patterns);
    List<String> examples = chosen.subList(2, chosen.size());
    return new RandomSchema(
        type("string").put(chosen.get(0), chosen.get(1)),
        () -> JSON.textNode(one(random, examples)));
  }

  private static RandomSchema types(Random random) {
    ObjectNode schema = JSON.objectNode();
    schema.putArray("type").add("string").add("null").add("integer");
    return new RandomSchema(
        schema,
        () ->
            switch (random.nextInt(3)) {
              case 0 -> JSON.nullNode();
              case 1 -> JSON.numberNode(random.nextInt());
              default -> JSON.textNode(one(random, TEXTS));
            });
  }

  private static RandomSchema array(Random random, int nesting) {
    RandomSchema items = of(random, nesting - 1);
    List<RandomSchema> prefix = new ArrayList<>();
    ObjectNode schema = type("array");
    if (random.nextInt(3) == 0) {
      ArrayNode schemas = schema.putArray("prefixItems");
      for (int i = random.nextInt(3); i >= 0; i--) {
        prefix.add(of(random, nesting - 1));
        schemas.add(prefix.get(prefix.size() - 1).schema());
      }
    }
    schema.set("items", items.schema());
    int least = random.nextInt(3);
    schema.put("minItems", least);
    boolean bounded = random.nextBoolean();
    int most = least + random.nextInt(3);
    if (bounded) {
      schema.put("maxItems", most);
    }
    return new RandomSchema(
        schema,
        () -> {
          ArrayNode array = JSON.arrayNode();
          int size = bounded ? least + random.nextInt(most - least + 1) : least + random.nextInt(4);
          for (int i = 0; i < size; i++) {
            array.add((i < prefix.size() ? prefix.get(i) : items).value().get());
          }
          return array;
        });
  }

  private static RandomSchema anyOf(Random random, int nesting) {
    List<RandomSchema> options = new ArrayList<>();
    ObjectNode schema = JSON.objectNode();
    ArrayNode schemas = schema.putArray("anyOf");
    for (int i = random.nextInt(3); i >= 0; i--) {
      options.add(of(random, nesting - 1));
      schemas.add(options.get(options.size() - 1).schema());
    }
    return new RandomSchema(schema, () -> one(random, options).value().get());
  }

  /** Half of an object's properties by one schema, the others by another. */
  private static RandomSchema allOf(Random random, int nesting) {
    RandomSchema whole = object(random, nesting);
    if (whole.schema().has("additionalProperties")) {
      return whole;
    }
    ObjectNode first = ((ObjectNode) whole.schema()).deepCopy();
    ObjectNode second = type("object");
    second.putObject("properties");
    List<String> names = new ArrayList<>();
    first.get("properties").fieldNames().forEachRemaining(names::add);
    for (String name : names.subList(names.size() / 2, names.size())) {
      ((ObjectNode) second.get("properties"))
          .set(name, ((ObjectNode) first.get("properties")).remove(name));
    }
    ObjectNode schema = JSON.objectNode();
    schema.putArray("allOf").add(first).add(second);
    return new RandomSchema(schema, whole.value());
  }

  private static RandomSchema object(Random random, int nesting) {
    List<RandomSchema> values = new ArrayList<>();
    List<String> names = new ArrayList<>(NAMES.subList(0, 1 + random.nextInt(NAMES.size() - 1)));
    ObjectNode schema = type("object");
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = schema.putArray("required");
    for (String name : names) {
      RandomSchema value = of(random, nesting - 1);
      values.add(value);
      properties.set(name, value.schema());
      if (random.nextBoolean()) {
        required.add(name);
      }
    }
    RandomSchema others = of(random, 0);
    boolean open = random.nextInt(3) == 0;
    if (open) {
      schema.set("additionalProperties", others.schema());
    } else if (random.nextBoolean()) {
      schema.put("additionalProperties", false);
    }
    List<String> needed = new ArrayList<>();
    required.forEach(name -> needed.add(name.asText()));
    return new RandomSchema(
        schema,
        () -> {
          ObjectNode object = JSON.objectNode();
          for (int i = 0; i < names.size(); i++) {
            if (needed.contains(names.get(i)) || random.nextBoolean()) {
              object.set(names.get(i), values.get(i).value().get());
            }
          }
          for (int i = open ? random.nextInt(3) : 0; i > 0; i--) {
            object.set(one(random, List.of("abc", "größ", "n", "other 😀")), others.value().get());
          }
          return object;
        });
  }
}
