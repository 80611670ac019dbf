package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.NearMiss;
import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Undefined;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Jinja's filters: {@code value | name(arguments)}. */
public final class Filters {
  @FunctionalInterface
  public interface Filter {
    Object apply(Object value, Arguments arguments, RenderState run);
  }

  private static final Map<String, Filter> ALL =
      Map.ofEntries(
          Map.entry("trim", (v, a, run) -> method("strip", str(v), a, run)),
          Map.entry("upper", (v, a, run) -> str(v).toUpperCase(Locale.ROOT)),
          Map.entry("lower", (v, a, run) -> str(v).toLowerCase(Locale.ROOT)),
          Map.entry("title", (v, a, run) -> Methods.title(str(v))),
          Map.entry("capitalize", (v, a, run) -> Methods.capitalize(str(v))),
          Map.entry("replace", (v, a, run) -> method("replace", str(v), a, run)),
          Map.entry("string", (v, a, run) -> str(v)),
          Map.entry("safe", (v, a, run) -> v),
          Map.entry("indent", (v, a, run) -> Indentation.of(str(v), a, run)),
          Map.entry("tojson", Filters::toJson),
          Map.entry("length", (v, a, run) -> Values.length(v)),
          Map.entry("count", (v, a, run) -> Values.length(v)),
          Map.entry("int", (v, a, run) -> PythonNumbers.toInt(v, a)),
          Map.entry("float", (v, a, run) -> PythonNumbers.toFloat(v, a)),
          Map.entry("abs", (v, a, run) -> PythonNumbers.abs(v)),
          Map.entry("round", (v, a, run) -> PythonNumbers.round(v, a)),
          Map.entry("default", Filters::orDefault),
          Map.entry("d", Filters::orDefault),
          Map.entry("first", (v, a, run) -> first(Values.items(v))),
          Map.entry("last", (v, a, run) -> first(reversed(Values.items(v)))),
          Map.entry("list", (v, a, run) -> Values.items(v)),
          Map.entry("items", (v, a, run) -> v instanceof Map<?, ?> m ? Methods.entries(m) : v),
          Map.entry("dictsort", (v, a, run) -> sortedEntries(v)),
          Map.entry("join", Filters::join),
          Map.entry("reverse", Filters::reverse),
          Map.entry("sort", Filters::sort),
          Map.entry("unique", (v, a, run) -> unique(v, run)),
          Map.entry("sum", Filters::sum),
          Map.entry("min", (v, a, run) -> extreme(v, Values::compare)),
          Map.entry("max", (v, a, run) -> extreme(v, (x, y) -> Values.compare(y, x))),
          Map.entry("map", Filters::map),
          Map.entry("select", (v, a, run) -> kept(v, a, run, item -> item, 0, true)),
          Map.entry("reject", (v, a, run) -> kept(v, a, run, item -> item, 0, false)),
          Map.entry("selectattr", (v, a, run) -> keptBy(v, a, run, true)),
          Map.entry("rejectattr", (v, a, run) -> keptBy(v, a, run, false)));

  private Filters() {}

  public static Set<String> names() {
    return ALL.keySet();
  }

  public static Optional<Filter> find(String name) {
    return Optional.ofNullable(ALL.get(name));
  }

  private static Filter required(String name) {
    return find(name)
        .orElseThrow(
            () -> new TemplateError("unknown filter " + name + NearMiss.suggestion(name, names())));
  }

  private static String str(Object value) {
    return PythonText.str(value);
  }

  private static Object method(String name, String text, Arguments arguments, RenderState run) {
    return Methods.find(text, name).orElseThrow().call(run, arguments);
  }

  private static Object toJson(Object value, Arguments arguments, RenderState run) {
    String json = JsonText.of(value, (int) Math.min(64, arguments.integer(0, "indent", -1)));
    run.spendChars(json.length());
    return json;
  }

  private static Object orDefault(Object value, Arguments arguments, RenderState run) {
    boolean alsoFalse = arguments.get(1, "boolean").map(Values::truth).orElse(false);
    boolean missing = value instanceof Undefined || (alsoFalse && !Values.truth(value));
    return missing ? arguments.get(0, "default_value").orElse("") : value;
  }

  private static Object first(List<Object> items) {
    return items.isEmpty() ? new Undefined("first of an empty list") : items.get(0);
  }

  private static List<Object> reversed(List<Object> items) {
    List<Object> copy = new ArrayList<>(items);
    Collections.reverse(copy);
    return copy;
  }

  private static Object reverse(Object value, Arguments arguments, RenderState run) {
    List<Object> items = reversed(Values.items(value));
    run.spend(items.size());
    return value instanceof String ? Methods.join("", items, run) : items;
  }

  private static Object sortedEntries(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateError("dictsort: expected a dictionary, found " + Values.named(value));
    }
    List<Object> entries = Methods.entries(map);
    entries.sort((a, b) -> Values.compare(lower(Lookups.item(a, 0L)), lower(Lookups.item(b, 0L))));
    return entries;
  }

  private static Object lower(Object value) {
    return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
  }

  private static Object join(Object value, Arguments arguments, RenderState run) {
    List<Object> items = Values.items(value);
    Optional<Object> attribute = arguments.get(1, "attribute");
    if (attribute.isPresent()) {
      items.replaceAll(item -> path(item, str(attribute.get())));
    }
    return Methods.join(arguments.text(0, "d", ""), items, run);
  }

  private static Object sort(Object value, Arguments arguments, RenderState run) {
    boolean reverse = arguments.get(0, "reverse").map(Values::truth).orElse(false);
    boolean exact = arguments.get(1, "case_sensitive").map(Values::truth).orElse(false);
    Optional<Object> attribute = arguments.get(2, "attribute");
    Function<Object, Object> raw =
        item -> attribute.isPresent() ? path(item, str(attribute.get())) : item;
    Comparator<Object> order =
        (a, b) ->
            exact
                ? Values.compare(raw.apply(a), raw.apply(b))
                : Values.compare(lower(raw.apply(a)), lower(raw.apply(b)));
    List<Object> items = Values.items(value);
    run.spend(items.size());
    items.sort(reverse ? order.reversed() : order);
    return items;
  }

  private static Object unique(Object value, RenderState run) {
    Map<Object, Object> seen = new LinkedHashMap<>();
    for (Object item : Values.items(value)) {
      run.spend(1);
      seen.putIfAbsent(Values.key(lower(item)), item);
    }
    return new ArrayList<>(seen.values());
  }

  private static Object sum(Object value, Arguments arguments, RenderState run) {
    Object total = arguments.get(1, "start").orElse(0L);
    Optional<Object> attribute = arguments.get(0, "attribute");
    for (Object item : Values.items(value)) {
      Object term = attribute.isPresent() ? path(item, str(attribute.get())) : item;
      total = Operators.apply("+", total, term, run);
    }
    return total;
  }

  private static Object extreme(Object value, Comparator<Object> order) {
    List<Object> items = Values.items(value);
    return items.isEmpty() ? first(items) : Collections.min(items, order);
  }

  private static Object map(Object value, Arguments arguments, RenderState run) {
    List<Object> items = Values.items(value);
    Object attribute = arguments.named().get("attribute");
    if (attribute != null) {
      Object other = arguments.named().get("default");
      items.replaceAll(
          item -> {
            Object found = path(item, str(attribute));
            return found instanceof Undefined && other != null ? other : found;
          });
    } else {
      Filter filter = required(arguments.text(0, "filter"));
      Arguments rest = rest(arguments, 1);
      items.replaceAll(item -> filter.apply(item, rest, run));
    }
    run.spend(items.size());
    return items;
  }

  private static Object keptBy(Object value, Arguments arguments, RenderState run, boolean wanted) {
    String attribute = str(arguments.required(0, "attribute"));
    return kept(value, arguments, run, item -> path(item, attribute), 1, wanted);
  }

  private static Object kept(
      Object value,
      Arguments arguments,
      RenderState run,
      Function<Object, Object> part,
      int testAt,
      boolean wanted) {
    List<Object> items = Values.items(value);
    run.spend(items.size());
    Optional<Object> name = arguments.get(testAt, "test");
    Tests.Test test =
        name.isPresent() ? Tests.required(str(name.get())) : (item, a) -> Values.truth(item);
    Arguments rest = rest(arguments, testAt + 1);
    items.removeIf(item -> test.holds(part.apply(item), rest) != wanted);
    return items;
  }

  private static Arguments rest(Arguments arguments, int from) {
    List<Object> inOrder = arguments.inOrder();
    return new Arguments(
        inOrder.subList(Math.min(from, inOrder.size()), inOrder.size()), arguments.named());
  }

  /** Returns the attribute path {@code a.b.0} of a value. */
  private static Object path(Object value, String path) {
    Object at = value;
    for (String key : path.split("\\.", -1)) {
      boolean index = !key.isEmpty() && key.chars().allMatch(Character::isDigit);
      at = Lookups.item(at, index ? (Object) Long.parseLong(key) : key);
    }
    return at;
  }
}
