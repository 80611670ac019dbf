package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/** Python's {@code strftime}, in English. */
final class Dates {
  private static final int STEPS_PER_CODE = 500;
  private static final int MAX_LENGTH = 1000;

  private static final Map<Character, String> PATTERNS =
      Map.ofEntries(
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('b', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('d', "dd"),
          Map.entry('e', "d"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('j', "DDD"),
          Map.entry('m', "MM"),
          Map.entry('M', "mm"),
          Map.entry('p', "a"),
          Map.entry('S', "ss"),
          Map.entry('y', "yy"),
          Map.entry('Y', "yyyy"),
          Map.entry('F', "yyyy-MM-dd"),
          Map.entry('T', "HH:mm:ss"),
          Map.entry('z', "xx"),
          Map.entry('Z', "zzz"));

  private Dates() {}

  static String format(ZonedDateTime time, String format, Budget budget) {
    if (format.length() > MAX_LENGTH) {
      throw new TemplateError(
          "strftime_now: the format has %d characters, the limit is %d"
              .formatted(format.length(), MAX_LENGTH));
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char code = format.charAt(++i);
      if (code == '%') {
        out.append('%');
        continue;
      }
      budget.steps(STEPS_PER_CODE);
      String pattern = PATTERNS.get(code);
      if (pattern == null) {
        throw new TemplateError("strftime_now: %" + code + " is not supported");
      }
      out.append(DateTimeFormatter.ofPattern(pattern, Locale.US).format(time));
    }
    return out.toString();
  }
}
