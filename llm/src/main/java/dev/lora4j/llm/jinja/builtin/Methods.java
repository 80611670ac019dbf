package dev.lora4j.llm.jinja.builtin;

import static dev.lora4j.llm.jinja.value.PythonText.stripLeft;
import static dev.lora4j.llm.jinja.value.PythonText.stripRight;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
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
          Map.entry("strip", (s, a, run) -> stripRight(stripLeft(s, stripped(a)), stripped(a))),
          Map.entry("lstrip", (s, a, run) -> stripLeft(s, stripped(a))),
          Map.entry("rstrip", (s, a, run) -> stripRight(s, stripped(a))),
          Map.entry("split", (s, a, run) -> Splitting.split(s, a, run)),
          Map.entry("rsplit", (s, a, run) -> Splitting.rightSplit(s, a, run)),
          Map.entry("splitlines", (s, a, run) -> Splitting.lines(s, run)),
          Map.entry("startswith", (s, a, run) -> any(a, s::startsWith)),
          Map.entry("endswith", (s, a, run) -> any(a, s::endsWith)),
          Map.entry("replace", Methods::replace),
          Map.entry("upper", (s, a, run) -> s.toUpperCase(Locale.ROOT)),
          Map.entry("lower", (s, a, run) -> s.toLowerCase(Locale.ROOT)),
          Map.entry("title", (s, a, run) -> title(s)),
          Map.entry("capitalize", (s, a, run) -> capitalize(s)),
          Map.entry("find", (s, a, run) -> find(s, a.text(0, "sub"))),
          Map.entry("count", (s, a, run) -> Splitting.count(s, a.text(0, "sub"))),
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
            run.spendChars(text.length());
            return method.call(text, arguments, run);
          });
    }
    return self instanceof Map<?, ?> map ? ofMap(map, name) : Optional.empty();
  }

  private static Optional<Callable> ofMap(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> Optional.of((run, a) -> entries(map));
      case "keys" -> Optional.of((run, a) -> Values.items(map));
      case "values" -> Optional.of((run, a) -> Values.items(new ArrayList<>(map.values())));
      case "get" -> Optional.of((run, a) -> get(map, a));
      default -> Optional.empty();
    };
  }

  static List<Object> entries(Map<?, ?> map) {
    List<Object> entries = new ArrayList<>();
    map.forEach((key, value) -> entries.add(List.of(key, value)));
    return entries;
  }

  private static Object get(Map<?, ?> map, Arguments arguments) {
    Object found = map.get(Values.key(arguments.required(0, "key")));
    return found == null ? arguments.get(1, "default").orElse(None.NONE) : found;
  }

  private static boolean any(Arguments arguments, Predicate<String> test) {
    Object given = arguments.required(0, "prefix");
    List<Object> candidates = given instanceof List ? Values.items(given) : List.of(given);
    return candidates.stream().anyMatch(one -> test.test(Values.text(one, "prefix")));
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  /** The characters that a strip method removes; by default whitespace. */
  private static IntPredicate stripped(Arguments arguments) {
    return arguments
        .get(0, "chars")
        .filter(value -> value != None.NONE)
        .map(value -> Values.text(value, "chars"))
        .<IntPredicate>map(chars -> c -> chars.indexOf(c) >= 0)
        .orElse(PythonText::isSpace);
  }

  private static String replace(String text, Arguments arguments, RenderState run) {
    String old = arguments.text(0, "old");
    String replacement = arguments.text(1, "new");
    long most = arguments.integer(2, "count", -1);
    return replace(text, old, replacement, most, run);
  }

  static String replace(String text, String old, String replacement, long most, RenderState run) {
    long matches = Splitting.count(text, old);
    long count = most < 0 ? matches : Math.min(most, matches);
    run.spendChars(text.length() + count * replacement.length());
    if (old.isEmpty()) {
      throw new TemplateError("replace: the text to replace is empty");
    }
    StringBuilder out = new StringBuilder();
    int at = 0;
    for (long i = 0; i < count; i++) {
      int next = text.indexOf(old, at);
      out.append(text, at, next).append(replacement);
      at = next + old.length();
    }
    return out.append(text, at, text.length()).toString();
  }

  static String join(String separator, Object items, RenderState run) {
    StringBuilder out = new StringBuilder();
    boolean first = true;
    for (Object item : Values.items(items)) {
      String text = PythonText.str(item);
      run.spendChars((long) separator.length() + text.length());
      out.append(first ? "" : separator).append(text);
      first = false;
    }
    run.spendChars(out.length());
    return out.toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.offsetByCodePoints(0, 1);
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  private static long find(String text, String wanted) {
    int at = text.indexOf(wanted);
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  private static String withoutPrefix(String text, String prefix) {
    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
  }

  private static String withoutSuffix(String self, String suffix) {
    return self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
  }
}
