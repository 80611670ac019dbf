package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.NearMiss;
import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Undefined;
import dev.lora4j.llm.jinja.value.Values;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Jinja's tests: {@code value is name} and {@code value is name(argument)}. */
public final class Tests {
  @FunctionalInterface
  public interface Test {
    boolean holds(Object value, Arguments arguments, Budget budget);
  }

  private static final Map<String, Test> ALL =
      Map.ofEntries(
          Map.entry("defined", (v, a, b) -> !(v instanceof Undefined)),
          Map.entry("undefined", (v, a, b) -> v instanceof Undefined),
          Map.entry("none", (v, a, b) -> v == None.NONE),
          Map.entry("string", (v, a, b) -> v instanceof String),
          Map.entry("mapping", (v, a, b) -> v instanceof Map),
          Map.entry("sequence", (v, a, b) -> iterable(v)),
          Map.entry("iterable", (v, a, b) -> iterable(v)),
          Map.entry("number", (v, a, b) -> v instanceof Number || v instanceof Boolean),
          Map.entry("integer", (v, a, b) -> Values.isInteger(v)),
          Map.entry("float", (v, a, b) -> v instanceof Double),
          Map.entry("boolean", (v, a, b) -> v instanceof Boolean),
          Map.entry("true", (v, a, b) -> v.equals(true)),
          Map.entry("false", (v, a, b) -> v.equals(false)),
          Map.entry("callable", (v, a, b) -> v instanceof Callable),
          Map.entry("odd", (v, a, b) -> Math.floorMod(Values.integer(v, "odd"), 2L) == 1),
          Map.entry("even", (v, a, b) -> Math.floorMod(Values.integer(v, "even"), 2L) == 0),
          Map.entry("divisibleby", (v, a, b) -> divisible(v, a)),
          Map.entry("lower", (v, a, b) -> same(v, b, text -> text.toLowerCase(Locale.ROOT))),
          Map.entry("upper", (v, a, b) -> same(v, b, text -> text.toUpperCase(Locale.ROOT))),
          Map.entry("in", (v, a, b) -> Values.contains(a.required(0, "seq"), v, b)),
          Map.entry("eq", (v, a, b) -> Values.equal(v, other(a), b)),
          Map.entry("equalto", (v, a, b) -> Values.equal(v, other(a), b)),
          Map.entry("==", (v, a, b) -> Values.equal(v, other(a), b)),
          Map.entry("ne", (v, a, b) -> !Values.equal(v, other(a), b)),
          Map.entry("!=", (v, a, b) -> !Values.equal(v, other(a), b)),
          Map.entry("sameas", (v, a, b) -> sameAs(v, other(a), b)),
          Map.entry("lt", (v, a, b) -> Values.compare(v, other(a), b) < 0),
          Map.entry("lessthan", (v, a, b) -> Values.compare(v, other(a), b) < 0),
          Map.entry("le", (v, a, b) -> Values.compare(v, other(a), b) <= 0),
          Map.entry("gt", (v, a, b) -> Values.compare(v, other(a), b) > 0),
          Map.entry("greaterthan", (v, a, b) -> Values.compare(v, other(a), b) > 0),
          Map.entry("ge", (v, a, b) -> Values.compare(v, other(a), b) >= 0));

  private Tests() {}

  static Optional<Test> find(String name) {
    return Optional.ofNullable(ALL.get(name));
  }

  public static Test required(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new TemplateError(
                    "unknown test " + name + NearMiss.suggestion(name, ALL.keySet())));
  }

  private static Object other(Arguments arguments) {
    return arguments.required(0, "other");
  }

  private static boolean iterable(Object value) {
    return value instanceof List
        || value instanceof Map
        || value instanceof String
        || value instanceof Undefined;
  }

  private static boolean divisible(Object value, Arguments arguments) {
    long by = Values.integer(other(arguments), "divisibleby");
    return by != 0 && Values.integer(value, "divisibleby") % by == 0;
  }

  private static boolean same(Object value, Budget budget, UnaryOperator<String> change) {
    String text = PythonText.str(value, budget);
    budget.chars(2L * text.length());
    return text.equals(change.apply(text));
  }

  private static boolean sameAs(Object value, Object other, Budget budget) {
    return value.getClass() == other.getClass() && Values.equal(value, other, budget);
  }
}
