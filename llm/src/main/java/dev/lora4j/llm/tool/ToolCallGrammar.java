package dev.lora4j.llm.tool;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.constrain.grammar.Choice;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import dev.lora4j.llm.constrain.grammar.Rule;
import dev.lora4j.llm.constrain.schema.SchemaCompiler;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Answers that are tool calls, with arguments that are valid for the functions' parameters. */
public final class ToolCallGrammar {
  private final ToolCallFormat format;
  private final Tokenizer tokenizer;
  private final GrammarBuilder builder = new GrammarBuilder();
  private final Map<String, Rule> arguments = new LinkedHashMap<>();

  private ToolCallGrammar(
      ToolCallFormat format, Tokenizer tokenizer, List<ToolFunction> functions) {
    this.format = format;
    this.tokenizer = tokenizer;
    for (ToolFunction function : functions) {
      arguments.put(function.name(), rule(function));
    }
  }

  private Rule rule(ToolFunction function) {
    try {
      return SchemaCompiler.rule(builder, function.parameters());
    } catch (UserError e) {
      throw new UserError("the parameters of " + function.name() + ": " + e.getMessage(), e);
    }
  }

  /**
   * The constraint that an answer calls functions, at least one.
   *
   * @param several whether there may be more than one call, if the format allows it
   * @throws UserError naming the function and the place in its parameters that is not supported
   */
  public static Constraint constraint(
      ToolCallFormat format, Tokenizer tokenizer, List<ToolFunction> functions, boolean several) {
    ToolCallGrammar calls = new ToolCallGrammar(format, tokenizer, functions);
    return Constraint.of(tokenizer, calls.builder.build(calls.calls(several)));
  }

  /**
   * The constraint that an answer either calls functions or is JSON.
   *
   * @param several whether there may be more than one call, if the format allows it
   * @param schema the JSON Schema of answers without calls; empty for any JSON object
   * @throws UserError naming the place in a schema that is not supported
   */
  public static Constraint callsOrJson(
      ToolCallFormat format,
      Tokenizer tokenizer,
      List<ToolFunction> functions,
      boolean several,
      Optional<JsonNode> schema) {
    ToolCallGrammar calls = new ToolCallGrammar(format, tokenizer, functions);
    GrammarBuilder builder = calls.builder;
    Rule json =
        schema
            .map(one -> SchemaCompiler.rule(builder, one))
            .orElseGet(() -> SchemaCompiler.anyObject(builder));
    return Constraint.of(
        tokenizer,
        builder.build(builder.choice(calls.calls(several), builder.call(json, builder.end()))));
  }

  private GrammarNode calls(boolean wanted) {
    boolean several = wanted && format.allowsSeveral();
    GrammarNode end = builder.end();
    return switch (format) {
      case HERMES -> repeated("\n", several, next -> marker(format.marker(), enclosed(next)), end);
      case MISTRAL_NAMED ->
          repeated("", several, next -> marker(format.marker(), named(next)), end);
      case MISTRAL -> {
        GrammarNode close = builder.literal("]", end);
        GrammarNode list = builder.literal("[", repeated(", ", several, this::jsonCall, close));
        yield marker(format.marker(), builder.choice(list, builder.literal(" ", list)));
      }
      case LLAMA3 -> jsonCall(end);
    };
  }

  private interface Call {
    GrammarNode before(GrammarNode next);
  }

  private GrammarNode repeated(String separator, boolean several, Call call, GrammarNode next) {
    Choice after = builder.choice(next);
    GrammarNode calls = call.before(after);
    if (several) {
      after.or(builder.literal(separator, calls));
    }
    return calls;
  }

  private GrammarNode enclosed(GrammarNode next) {
    return builder.literal(
        "\n", jsonCall(builder.literal("\n", marker(ToolCallFormat.CALL_END, next))));
  }

  private GrammarNode jsonCall(GrammarNode next) {
    GrammarNode close = builder.literal("}", next);
    Choice choice = builder.choice();
    arguments.forEach(
        (name, rule) ->
            choice.or(
                builder.literal(
                    name + "\", \"" + format.argumentsKey() + "\": ", builder.call(rule, close))));
    return builder.literal("{\"name\": \"", choice);
  }

  private GrammarNode named(GrammarNode next) {
    Choice choice = builder.choice();
    arguments.forEach(
        (name, rule) ->
            choice.or(
                builder.literal(
                    name, marker(ToolCallFormat.ARGUMENTS_BEGIN, builder.call(rule, next)))));
    return choice;
  }

  /** A marker, as its token if the vocabulary has one. */
  private GrammarNode marker(String text, GrammarNode next) {
    OptionalInt token = tokenizer.addedToken(text);
    return token.isPresent()
        ? builder.specialToken(token.getAsInt(), next)
        : builder.literal(text, next);
  }
}
