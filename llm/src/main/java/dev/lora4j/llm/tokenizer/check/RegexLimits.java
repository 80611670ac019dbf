package dev.lora4j.llm.tokenizer.check;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bounds on a regular expression, whose native compiler recurses once per nested group. */
final class RegexLimits {
  private static final int CHARS = 8192;
  private static final int NESTING = 50;
  private static final int REPEATS = 1000;
  private static final long REPEATS_IN_ALL = 1_000_000;
  private static final Pattern REPEAT = Pattern.compile("\\{(\\d*),?(\\d*)\\}");

  private RegexLimits() {}

  /** Returns the problem of an expression, if there is one. */
  static Optional<String> problem(String regex) {
    if (regex.length() > CHARS) {
      return Optional.of(
          "a regular expression of at most %,d characters, found %,d"
              .formatted(CHARS, regex.length()));
    }
    if (nesting(regex) > NESTING) {
      return Optional.of(
          "a regular expression of at most %d nested groups, found %d"
              .formatted(NESTING, nesting(regex)));
    }
    return repeats(regex);
  }

  private static int nesting(String regex) {
    int depth = 0;
    int deepest = 0;
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '(' || c == '[') {
        deepest = Math.max(deepest, ++depth);
      } else if (c == ')' || c == ']') {
        depth = Math.max(0, depth - 1);
      }
    }
    return deepest;
  }

  private static Optional<String> repeats(String regex) {
    long product = 1;
    Matcher repeat = REPEAT.matcher(regex);
    while (repeat.find()) {
      String count = repeat.group(2).isEmpty() ? repeat.group(1) : repeat.group(2);
      long repeats = count.length() > 6 ? Integer.MAX_VALUE : Long.parseLong("0" + count);
      product *= Math.max(1, repeats);
      if (repeats > REPEATS || product > REPEATS_IN_ALL) {
        return Optional.of(
            "at most %,d repetitions in a regular expression, found %s"
                .formatted(REPEATS, repeat.group()));
      }
    }
    return Optional.empty();
  }
}
