package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.NearMiss;
import dev.lora4j.llm.jinja.value.Arguments;
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

/** Jinja's tests: {@code value is name} and {@code value is name(argument)}. */
public final class Tests {
  @FunctionalInterface
  public interface Test {
    boolean holds(Object value, Arguments arguments);
  }

  private static final Map<String, Test> ALL =
      Map.ofEntries(
          Map.entry("defined", (v, a) -> !(v instanceof Undefined)),
          Map.entry("undefined", (v, a) -> v instanceof Undefined),
          Map.entry("none", (v, a) -> v == None.NONE),
          Map.entry("string", (v, a) -> v instanceof String),
          Map.entry("mapping", (v, a) -> v instanceof Map),
          Map.entry("sequence", (v, a) -> iterable(v)),
          Map.entry("iterable", (v, a) -> iterable(v)),
          Map.entry("number", (v, a) -> v instanceof Number || v instanceof Boolean),
          Map.entry("integer", (v, a) -> v instanceof Long),
          Map.entry("float", (v, a) -> v instanceof Double),
          Map.entry("boolean", (v, a) -> v instanceof Boolean),
          Map.entry("true", (v, a) -> v.equals(true)),
          Map.entry("false", (v, a) -> v.equals(false)),
          Map.entry("callable", (v, a) -> v instanceof Callable),
          Map.entry("odd", (v, a) -> Math.floorMod(Values.integer(v, "odd"), 2L) == 1),
          Map.entry("even", (v, a) -> Math.floorMod(Values.integer(v, "even"), 2L) == 0),
          Map.entry("divisibleby", (v, a) -> divisible(v, a)),
          Map.entry("lower", (v, a) -> PythonText.str(v).equals(lower(v))),
          Map.entry("upper", (v, a) -> PythonText.str(v).equals(upper(v))),
          Map.entry("in", (v, a) -> Values.contains(a.required(0, "seq"), v)),
          Map.entry("eq", (v, a) -> Values.equal(v, other(a))),
          Map.entry("equalto", (v, a) -> Values.equal(v, other(a))),
          Map.entry("==", (v, a) -> Values.equal(v, other(a))),
          Map.entry("ne", (v, a) -> !Values.equal(v, other(a))),
          Map.entry("!=", (v, a) -> !Values.equal(v, other(a))),
          Map.entry("sameas", (v, a) -> v.equals(other(a))),
          Map.entry("lt", (v, a) -> Values.compare(v, other(a)) < 0),
          Map.entry("lessthan", (v, a) -> Values.compare(v, other(a)) < 0),
          Map.entry("le", (v, a) -> Values.compare(v, other(a)) <= 0),
          Map.entry("gt", (v, a) -> Values.compare(v, other(a)) > 0),
          Map.entry("greaterthan", (v, a) -> Values.compare(v, other(a)) > 0),
          Map.entry("ge", (v, a) -> Values.compare(v, other(a)) >= 0));

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

  private static String lower(Object value) {
    return PythonText.str(value).toLowerCase(Locale.ROOT);
  }

  private static String upper(Object value) {
    return PythonText.str(value).toUpperCase(Locale.ROOT);
  }
}
