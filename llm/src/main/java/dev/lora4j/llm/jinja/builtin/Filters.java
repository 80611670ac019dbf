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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Jinja's filters: {@code value | name(arguments)}. */
public final class Filters {
  private static final Pattern INDEX = Pattern.compile("[0-9]{1,18}");

  @FunctionalInterface
  public interface Filter {
    Object apply(Object value, Arguments arguments, RenderState run);
  }

  private static final Map<String, Filter> ALL =
      Map.ofEntries(
          Map.entry("trim", (v, a, run) -> method("strip", str(v, run), a, run)),
          Map.entry("upper", (v, a, run) -> Methods.upper(str(v, run), run)),
          Map.entry("lower", (v, a, run) -> Methods.lower(str(v, run), run)),
          Map.entry("title", (v, a, run) -> Methods.title(str(v, run), run)),
          Map.entry("capitalize", (v, a, run) -> Methods.capitalize(str(v, run), run)),
          Map.entry("replace", (v, a, run) -> method("replace", str(v, run), a, run)),
          Map.entry("string", (v, a, run) -> str(v, run)),
          Map.entry("safe", (v, a, run) -> v),
          Map.entry("indent", (v, a, run) -> Indentation.of(str(v, run), a, run)),
          Map.entry("tojson", Filters::toJson),
          Map.entry("length", (v, a, run) -> Values.length(v, run.budget())),
          Map.entry("count", (v, a, run) -> Values.length(v, run.budget())),
          Map.entry("int", (v, a, run) -> PythonNumbers.toInt(v, a, run.budget())),
          Map.entry("float", (v, a, run) -> PythonNumbers.toFloat(v, a, run.budget())),
          Map.entry("abs", (v, a, run) -> PythonNumbers.abs(v)),
          Map.entry("round", (v, a, run) -> PythonNumbers.round(v, a)),
          Map.entry("default", Filters::orDefault),
          Map.entry("d", Filters::orDefault),
          Map.entry("first", (v, a, run) -> end(v, 0L, "first", run)),
          Map.entry("last", (v, a, run) -> end(v, -1L, "last", run)),
          Map.entry("list", (v, a, run) -> Values.items(v, run.budget())),
          Map.entry("items", (v, a, run) -> v instanceof Map<?, ?> m ? Methods.entries(m, run) : v),
          Map.entry("dictsort", (v, a, run) -> sortedEntries(v, run)),
          Map.entry("join", Filters::join),
          Map.entry("reverse", Filters::reverse),
          Map.entry("sort", Filters::sort),
          Map.entry("unique", (v, a, run) -> unique(v, run)),
          Map.entry("sum", Filters::sum),
          Map.entry("min", (v, a, run) -> extreme(v, 1, run)),
          Map.entry("max", (v, a, run) -> extreme(v, -1, run)),
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

  private static String str(Object value, RenderState run) {
    return PythonText.str(value, run.budget());
  }

  private static Object method(String name, String text, Arguments arguments, RenderState run) {
    return Methods.find(text, name).orElseThrow().call(run, arguments);
  }

  private static Object toJson(Object value, Arguments arguments, RenderState run) {
    long indent = Math.max(-1, Math.min(64, arguments.integer(0, "indent", -1)));
    return JsonText.of(value, (int) indent, run.budget());
  }

  private static Object orDefault(Object value, Arguments arguments, RenderState run) {
    boolean alsoFalse = arguments.get(1, "boolean").map(Values::truth).orElse(false);
    boolean missing = value instanceof Undefined || (alsoFalse && !Values.truth(value));
    return missing ? arguments.get(0, "default_value").orElse("") : value;
  }

  private static Object end(Object value, long index, String name, RenderState run) {
    boolean indexed = value instanceof String || value instanceof List;
    Object items = indexed ? value : Values.items(value, run.budget());
    Object found = Lookups.item(items, index, run.budget());
    return found instanceof Undefined ? new Undefined(name + " of an empty list") : found;
  }

  private static Object reverse(Object value, Arguments arguments, RenderState run) {
    if (value instanceof String text) {
      run.budget().chars(2L * text.length());
      return new StringBuilder(text).reverse().toString();
    }
    List<Object> items = Values.items(value, run.budget());
    Collections.reverse(items);
    return items;
  }

  private static Object sortedEntries(Object value, RenderState run) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateError("dictsort: expected a dictionary, found " + Values.named(value));
    }
    List<Object> entries = Methods.entries(map, run);
    entries.sort(by(entry -> lower(Lookups.item(entry, 0L, run.budget()), run), run));
    return entries;
  }

  private static Object lower(Object value, RenderState run) {
    return value instanceof String text ? Methods.lower(text, run) : value;
  }

  private static Comparator<Object> by(Function<Object, Object> part, RenderState run) {
    return (a, b) -> Values.compare(part.apply(a), part.apply(b), run.budget());
  }

  private static Object join(Object value, Arguments arguments, RenderState run) {
    List<Object> items = Values.items(value, run.budget());
    Optional<Object> attribute = arguments.get(1, "attribute");
    if (attribute.isPresent()) {
      items.replaceAll(item -> path(item, str(attribute.get(), run), run));
    }
    return Methods.join(arguments.text(0, "d", ""), items, run);
  }

  private static Object sort(Object value, Arguments arguments, RenderState run) {
    boolean reverse = arguments.get(0, "reverse").map(Values::truth).orElse(false);
    boolean exact = arguments.get(1, "case_sensitive").map(Values::truth).orElse(false);
    Optional<Object> attribute = arguments.get(2, "attribute");
    Function<Object, Object> raw =
        item -> attribute.isPresent() ? path(item, str(attribute.get(), run), run) : item;
    Comparator<Object> order =
        by(item -> exact ? raw.apply(item) : lower(raw.apply(item), run), run);
    List<Object> items = Values.items(value, run.budget());
    items.sort(reverse ? order.reversed() : order);
    return items;
  }

  private static Object unique(Object value, RenderState run) {
    Map<Object, Object> seen = new LinkedHashMap<>();
    for (Object item : Values.items(value, run.budget())) {
      run.budget().elements(2);
      seen.putIfAbsent(Values.key(lower(item, run)), item);
    }
    return new ArrayList<>(seen.values());
  }

  private static Object sum(Object value, Arguments arguments, RenderState run) {
    Object total = arguments.get(1, "start").orElse(0L);
    Optional<Object> attribute = arguments.get(0, "attribute");
    for (Object item : Values.items(value, run.budget())) {
      Object term = attribute.isPresent() ? path(item, str(attribute.get(), run), run) : item;
      total = Operators.apply("+", total, term, run);
    }
    return total;
  }

  private static Object extreme(Object value, int sign, RenderState run) {
    List<Object> items = Values.items(value, run.budget());
    Comparator<Object> order = (a, b) -> sign * Values.compare(a, b, run.budget());
    return items.isEmpty()
        ? new Undefined("first of an empty list")
        : Collections.min(items, order);
  }

  private static Object map(Object value, Arguments arguments, RenderState run) {
    List<Object> items = Values.items(value, run.budget());
    Object attribute = arguments.named().get("attribute");
    if (attribute != null) {
      Object other = arguments.named().get("default");
      items.replaceAll(
          item -> {
            Object found = path(item, str(attribute, run), run);
            return found instanceof Undefined && other != null ? other : found;
          });
    } else {
      Filter filter = required(arguments.text(0, "filter"));
      Arguments rest = rest(arguments, 1);
      items.replaceAll(item -> filter.apply(item, rest, run));
    }
    return items;
  }

  private static Object keptBy(Object value, Arguments arguments, RenderState run, boolean wanted) {
    String attribute = str(arguments.required(0, "attribute"), run);
    return kept(value, arguments, run, item -> path(item, attribute, run), 1, wanted);
  }

  private static Object kept(
      Object value,
      Arguments arguments,
      RenderState run,
      Function<Object, Object> part,
      int testAt,
      boolean wanted) {
    List<Object> items = Values.items(value, run.budget());
    Optional<Object> name = arguments.get(testAt, "test");
    Tests.Test test =
        name.isPresent()
            ? Tests.required(str(name.get(), run))
            : (item, a, b) -> Values.truth(item);
    Arguments rest = rest(arguments, testAt + 1);
    items.removeIf(item -> test.holds(part.apply(item), rest, run.budget()) != wanted);
    return items;
  }

  private static Arguments rest(Arguments arguments, int from) {
    List<Object> inOrder = arguments.inOrder();
    return new Arguments(
        inOrder.subList(Math.min(from, inOrder.size()), inOrder.size()), arguments.named());
  }

  /** Returns the attribute path {@code a.b.0} of a value. */
  private static Object path(Object value, String path, RenderState run) {
    run.budget().chars(path.length());
    Object at = value;
    for (String key : path.split("\\.", -1)) {
      run.budget().elements(1);
      at =
          Lookups.item(
              at, INDEX.matcher(key).matches() ? (Object) Long.valueOf(key) : key, run.budget());
    }
    return at;
  }
}
