package dev.lora4j.llm.jinja.builtin;

import static dev.lora4j.llm.jinja.value.PythonText.stripLeft;
import static dev.lora4j.llm.jinja.value.PythonText.stripRight;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.TextSearch;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** The methods of Python's strings and dictionaries that chat templates use. */
final class Methods {
  @FunctionalInterface
  private interface TextMethod {
    Object call(String self, Arguments arguments, RenderState run);
  }

  private static final Map<String, TextMethod> OF_TEXT =
      Map.ofEntries(
          Map.entry("strip", Methods::strip),
          Map.entry("lstrip", (s, a, run) -> stripLeft(s, stripped(a, run))),
          Map.entry("rstrip", (s, a, run) -> stripRight(s, stripped(a, run))),
          Map.entry("split", (s, a, run) -> Splitting.split(s, a, run)),
          Map.entry("rsplit", (s, a, run) -> Splitting.rightSplit(s, a, run)),
          Map.entry("splitlines", (s, a, run) -> Splitting.lines(s, run)),
          Map.entry("startswith", (s, a, run) -> any(a, s::startsWith, run)),
          Map.entry("endswith", (s, a, run) -> any(a, s::endsWith, run)),
          Map.entry("replace", Methods::replace),
          Map.entry("upper", (s, a, run) -> upper(s, run)),
          Map.entry("lower", (s, a, run) -> lower(s, run)),
          Map.entry("title", (s, a, run) -> title(s, run)),
          Map.entry("capitalize", (s, a, run) -> capitalize(s, run)),
          Map.entry("find", (s, a, run) -> find(s, a.text(0, "sub"), run)),
          Map.entry("count", (s, a, run) -> TextSearch.count(s, a.text(0, "sub"), run.budget())),
          Map.entry("join", (s, a, run) -> join(s, a.required(0, "iterable"), run)),
          Map.entry("removeprefix", (s, a, run) -> withoutPrefix(s, a.text(0, "prefix"))),
          Map.entry("removesuffix", (s, a, run) -> withoutSuffix(s, a.text(0, "suffix"))),
          Map.entry("isdigit", (s, a, run) -> all(s, Character::isDigit)),
          Map.entry("isalpha", (s, a, run) -> all(s, Character::isLetter)),
          Map.entry("isspace", (s, a, run) -> all(s, PythonText::isSpace)));

  private Methods() {}

  static Optional<Callable> find(Object self, String name) {
    if (self instanceof String text && OF_TEXT.containsKey(name)) {
      TextMethod method = OF_TEXT.getOrDefault(name, (s, a, run) -> s);
      return Optional.of(
          (run, arguments) -> {
            run.budget().chars(text.length());
            return method.call(text, arguments, run);
          });
    }
    return self instanceof Map<?, ?> map ? ofMap(map, name) : Optional.empty();
  }

  private static Optional<Callable> ofMap(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> Optional.of((run, a) -> entries(map, run));
      case "keys" -> Optional.of((run, a) -> Values.items(map, run.budget()));
      case "values" ->
          Optional.of((run, a) -> Values.items(List.copyOf(map.values()), run.budget()));
      case "get" -> Optional.of((run, a) -> get(map, a));
      default -> Optional.empty();
    };
  }

  static List<Object> entries(Map<?, ?> map, RenderState run) {
    run.budget().elements(3L * map.size());
    List<Object> entries = new ArrayList<>();
    map.forEach((key, value) -> entries.add(List.of(key, value)));
    return entries;
  }

  private static Object get(Map<?, ?> map, Arguments arguments) {
    Object found = map.get(Values.key(arguments.required(0, "key")));
    return found == null ? arguments.get(1, "default").orElse(None.NONE) : found;
  }

  private static boolean any(Arguments arguments, Predicate<String> test, RenderState run) {
    Object given = arguments.required(0, "prefix");
    List<?> candidates = given instanceof List<?> list ? list : List.of(given);
    return candidates.stream()
        .anyMatch(
            one -> {
              String text = Values.text(Values.known(one), "prefix");
              run.budget().chars(text.length());
              return test.test(text);
            });
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  /** The characters that a strip method removes; by default whitespace. */
  private static IntPredicate stripped(Arguments arguments, RenderState run) {
    Optional<Object> given = arguments.get(0, "chars").filter(value -> value != None.NONE);
    if (given.isEmpty()) {
      return PythonText::isSpace;
    }
    String chars = Values.text(given.get(), "chars");
    run.budget().chars(chars.length());
    BitSet set = new BitSet();
    chars.chars().forEach(set::set);
    return set::get;
  }

  private static String strip(String text, Arguments arguments, RenderState run) {
    IntPredicate stripped = stripped(arguments, run);
    return stripRight(stripLeft(text, stripped), stripped);
  }

  static String upper(String text, RenderState run) {
    run.budget().chars(2L * text.length());
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text, RenderState run) {
    run.budget().chars(2L * text.length());
    return text.toLowerCase(Locale.ROOT);
  }

  private static String replace(String text, Arguments arguments, RenderState run) {
    String old = arguments.text(0, "old");
    String replacement = arguments.text(1, "new");
    long most = arguments.integer(2, "count", -1);
    return replace(text, old, replacement, most, run);
  }

  static String replace(String text, String old, String replacement, long most, RenderState run) {
    long matches = TextSearch.count(text, old, run.budget());
    long count = most < 0 ? matches : Math.min(most, matches);
    run.budget().chars(2L * text.length() + count * replacement.length());
    if (old.isEmpty()) {
      throw new TemplateError("replace: the text to replace is empty");
    }
    StringBuilder out = new StringBuilder();
    int at = 0;
    for (long i = 0; i < count; i++) {
      int next = TextSearch.indexOf(text, old, at, run.budget());
      out.append(text, at, next).append(replacement);
      at = next + old.length();
    }
    return out.append(text, at, text.length()).toString();
  }

  static String join(String separator, Object items, RenderState run) {
    Budget budget = run.budget();
    StringBuilder out = new StringBuilder();
    boolean first = true;
    for (Object item : Values.items(items, budget)) {
      String text = PythonText.str(item, budget);
      budget.chars(2L * separator.length() + 2L * text.length());
      out.append(first ? "" : separator).append(text);
      first = false;
    }
    return out.toString();
  }

  static String capitalize(String text, RenderState run) {
    run.budget().chars(2L * text.length());
    if (text.isEmpty()) {
      return text;
    }
    int first = text.offsetByCodePoints(0, 1);
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  static String title(String text, RenderState run) {
    run.budget().chars(5L * text.length());
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  private static long find(String text, String wanted, RenderState run) {
    int at = TextSearch.indexOf(text, wanted, 0, run.budget());
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  private static String withoutPrefix(String text, String prefix) {
    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
  }

  private static String withoutSuffix(String self, String suffix) {
    return self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
  }
}
