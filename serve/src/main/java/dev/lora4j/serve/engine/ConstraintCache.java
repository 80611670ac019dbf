package dev.lora4j.serve.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.tool.ToolCallFormat;
import dev.lora4j.llm.tool.ToolCallGrammar;
import dev.lora4j.llm.tool.ToolFunction;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The constraints of recent requests, with their token masks. Thread-safe. */
public final class ConstraintCache {
  private static final int MAX_CONSTRAINTS = 16;

  /** A tokenizer's vocabulary, and the text of the schemas. */
  private record Key(Object vocabulary, String schemas) {}

  private final Map<Key, Constraint> recent = // guarded by this
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Constraint> eldest) {
          return size() > MAX_CONSTRAINTS;
        }
      };

  /**
   * The constraint to JSON.
   *
   * @param schema its JSON Schema; empty for any object
   * @throws UserError naming the place in the schema that is wrong or not supported
   */
  public Constraint json(Tokenizer tokenizer, Optional<JsonNode> schema) {
    return of(
        tokenizer,
        schema.map(JsonNode::toString).orElse(""),
        () ->
            schema
                .map(one -> Constraint.jsonSchema(tokenizer, one))
                .orElseGet(() -> Constraint.jsonObject(tokenizer)));
  }

  /** The constraint to tool calls, at least one. */
  Constraint calls(
      ToolCallFormat format, Tokenizer tokenizer, List<ToolFunction> functions, boolean several) {
    return of(
        tokenizer,
        format + " " + several + " " + functions,
        () -> ToolCallGrammar.constraint(format, tokenizer, functions, several));
  }

  /** The constraint to tool calls, or else JSON. */
  Constraint callsOrJson(
      ToolCallFormat format,
      Tokenizer tokenizer,
      List<ToolFunction> functions,
      boolean several,
      Optional<JsonNode> schema) {
    return of(
        tokenizer,
        format + " " + several + " " + functions + " or " + schema,
        () -> ToolCallGrammar.callsOrJson(format, tokenizer, functions, several, schema));
  }

  /** Returns a constraint; compiles it if no recent request had it. */
  private Constraint of(Tokenizer tokenizer, String schemas, Supplier<Constraint> compiled) {
    Key key = new Key(tokenizer.trie(), schemas);
    synchronized (this) {
      Constraint known = recent.get(key);
      if (known != null) {
        return known;
      }
    }
    Constraint constraint = compiled.get(); // outside the lock: a large schema takes its time
    synchronized (this) {
      recent.put(key, constraint);
    }
    return constraint;
  }
}
