package dev.lora4j.llm.constrain.schema;

import static dev.lora4j.llm.constrain.schema.Keywords.wrong;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.grammar.Choice;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import dev.lora4j.llm.constrain.grammar.Rule;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Compiles JSON Schema (2020-12) to the grammar of its values. Objects have the declared properties
 * in the order of the schema, then additional ones where {@code additionalProperties} allows them.
 */
public final class SchemaCompiler {
  private static final int MAX_SCHEMAS = 20_000;

  private final GrammarBuilder builder;
  private final SchemaResolver resolver;
  private final JsonLexicon text;
  private final ScalarRules scalars;
  private final ContainerRules containers;
  private final Map<JsonNode, Rule> rules = new HashMap<>();
  private final Deque<Pending> pending = new ArrayDeque<>();

  /** A schema that a rule stands for, not compiled yet. */
  private record Pending(Rule rule, JsonNode schema, String path) {}

  private SchemaCompiler(GrammarBuilder builder, JsonNode root) {
    this.builder = builder;
    resolver = new SchemaResolver(root);
    text = new JsonLexicon(builder);
    scalars = new ScalarRules(builder, text);
    containers = new ContainerRules(builder, text, this::call);
  }

  /**
   * Returns the rule of a schema's values.
   *
   * @throws UserError naming the place in the schema that is wrong or not supported
   */
  public static Rule rule(GrammarBuilder builder, JsonNode schema) {
    SchemaCompiler compiler = new SchemaCompiler(builder, schema);
    Rule rule = compiler.ruleOf(schema, "#");
    while (!compiler.pending.isEmpty()) {
      Pending next = compiler.pending.pop();
      next.rule().define(compiler.body(next.schema(), next.path()));
    }
    return rule;
  }

  /** Returns the rule of any JSON object. */
  public static Rule anyObject(GrammarBuilder builder) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    return rule(builder, schema.put(Keywords.TYPE, ValueType.OBJECT.label()));
  }

  private GrammarNode call(JsonNode schema, String path, GrammarNode next) {
    return builder.call(ruleOf(schema, path), next);
  }

  private Rule ruleOf(JsonNode schema, String path) {
    JsonNode key = schema.isObject() && schema.isEmpty() ? BooleanNode.TRUE : schema;
    Rule known = rules.get(key);
    if (known != null) {
      return known;
    }
    if (rules.size() >= MAX_SCHEMAS) {
      throw new UserError("the schema is too large: more than " + MAX_SCHEMAS + " parts");
    }
    Rule rule = builder.rule();
    rules.put(key, rule);
    pending.push(new Pending(rule, schema, path));
    return rule;
  }

  private GrammarNode body(JsonNode given, String path) {
    if (!(resolver.resolve(given, path) instanceof ObjectNode schema)) {
      return builder.choice(); // no value
    }
    if (schema.has(Keywords.ONE_OF)) {
      Disjointness.require(resolver, schema.get(Keywords.ONE_OF), path);
      return alternatives(schema, Keywords.ONE_OF, path);
    }
    if (schema.has(Keywords.ANY_OF)) {
      return alternatives(schema, Keywords.ANY_OF, path);
    }
    try {
      return schema.has(Keywords.ENUM) ? listed(schema, path) : typed(schema, path);
    } catch (UserError e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw wrong(path, String.valueOf(e.getMessage()));
    }
  }

  /** Each alternative holds together with the other keywords. */
  private GrammarNode alternatives(ObjectNode schema, String keyword, String path) {
    JsonNode options = schema.get(keyword);
    ObjectNode rest = schema.deepCopy();
    rest.remove(keyword);
    Choice choice = builder.choice();
    for (int i = 0; i < options.size(); i++) {
      JsonNode option = options.get(i);
      if (!rest.isEmpty()) {
        ObjectNode both = JsonNodeFactory.instance.objectNode();
        both.putArray(Keywords.ALL_OF).add(rest).add(option);
        option = both;
      }
      choice.or(call(option, path + "/" + keyword + "/" + i, builder.end()));
    }
    return choice;
  }

  /** The values of {@code enum} that have the right type. */
  private GrammarNode listed(ObjectNode schema, String path) {
    Set<String> others = new LinkedHashSet<>();
    schema.fieldNames().forEachRemaining(others::add);
    others.removeAll(Set.of(Keywords.ENUM, Keywords.TYPE, Keywords.NULLABLE));
    if (!others.isEmpty()) {
      throw wrong(path, "enum together with %s is not supported".formatted(others));
    }
    Set<ValueType> types = ValueType.of(schema);
    Literals literals = new Literals();
    for (JsonNode value : schema.get(Keywords.ENUM)) {
      if (ValueType.includes(types, value)) {
        literals.add(
            value.isTextual() ? JsonLexicon.quoted(value.textValue()) : value.toString(),
            builder.end());
      }
    }
    return literals.build(builder);
  }

  private GrammarNode typed(ObjectNode schema, String path) {
    Choice choice = builder.choice();
    Set<ValueType> types = ValueType.of(schema);
    for (ValueType type : types) {
      switch (type) {
        case OBJECT -> choice.or(containers.object(schema, path, builder.end()));
        case ARRAY -> choice.or(containers.array(schema, path, builder.end()));
        case STRING -> choice.or(scalars.string(schema, path, builder.end()));
        case NUMBER -> choice.or(scalars.number(schema, path, builder.end()));
        case INTEGER -> {
          if (!types.contains(ValueType.NUMBER)) {
            choice.or(scalars.integer(schema, path, builder.end()));
          }
        }
        case BOOLEAN ->
            choice
                .or(builder.literal("true", builder.end()))
                .or(builder.literal("false", builder.end()));
        case NULL -> choice.or(builder.literal("null", builder.end()));
      }
    }
    return choice;
  }
}
