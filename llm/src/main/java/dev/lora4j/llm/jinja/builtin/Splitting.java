package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.TextSearch;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Python's string splitting methods. */
final class Splitting {
  private Splitting() {}

  static List<Object> split(String text, Arguments arguments, RenderState run) {
    long most = arguments.integer(1, "maxsplit", -1);
    long limit = most < 0 ? Long.MAX_VALUE : most;
    Optional<Object> separator = arguments.get(0, "sep").filter(value -> value != None.NONE);
    List<Object> pieces =
        separator.isPresent()
            ? at(text, Values.text(separator.get(), "sep"), limit, run.budget())
            : atWhitespace(text, limit, run.budget());
    return pieces;
  }

  private static List<Object> at(String text, String separator, long limit, Budget budget) {
    budget.chars(text.length());
    checkNotEmpty(separator);
    List<Object> pieces = new ArrayList<>();
    int from = 0;
    int next = TextSearch.indexOf(text, separator, 0, budget);
    while (next >= 0 && pieces.size() < limit) {
      budget.elements(1);
      pieces.add(text.substring(from, next));
      from = next + separator.length();
      next = TextSearch.indexOf(text, separator, from, budget);
    }
    pieces.add(text.substring(from));
    return pieces;
  }

  private static List<Object> atWhitespace(String text, long limit, Budget budget) {
    budget.chars(text.length());
    List<Object> pieces = new ArrayList<>();
    int begin = skip(text, 0, true);
    while (begin < text.length()) {
      if (pieces.size() == limit) {
        pieces.add(PythonText.stripRight(text.substring(begin)));
        break;
      }
      int end = skip(text, begin, false);
      budget.elements(1);
      pieces.add(text.substring(begin, end));
      begin = skip(text, end, true);
    }
    return pieces;
  }

  private static int skip(String text, int from, boolean space) {
    int at = from;
    while (at < text.length() && PythonText.isSpace(text.charAt(at)) == space) {
      at++;
    }
    return at;
  }

  static List<Object> rightSplit(String text, Arguments arguments, RenderState run) {
    String separator = arguments.text(0, "sep");
    checkNotEmpty(separator);
    long most = arguments.integer(1, "maxsplit", -1);
    List<Object> pieces = new ArrayList<>();
    int end = text.length();
    Budget budget = run.budget();
    int next = TextSearch.lastIndexOf(text, separator, end, budget);
    while (next >= 0 && (most < 0 || pieces.size() < most)) {
      budget.elements(1);
      pieces.add(text.substring(next + separator.length(), end));
      end = next;
      next = TextSearch.lastIndexOf(text, separator, next - separator.length(), budget);
    }
    pieces.add(text.substring(0, end));
    Collections.reverse(pieces);
    return pieces;
  }

  static List<Object> lines(String text, RenderState run) {
    run.budget().chars(text.length());
    run.budget().elements(1 + text.chars().filter(c -> c == '\n' || c == '\r').count());
    return new ArrayList<>(text.lines().toList());
  }

  private static void checkNotEmpty(String separator) {
    if (separator.isEmpty()) {
      throw new TemplateError("split: the separator is empty");
    }
  }
}
