package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.Budget;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** JSON output identical to Python's {@code json.dumps(value, ensure_ascii=False)}. */
final class JsonText {
  private static final String HEX = "0123456789abcdef";

  private final StringBuilder out = new StringBuilder();
  private final int indent;

  private final Budget budget;

  private JsonText(int indent, Budget budget) {
    this.indent = indent;
    this.budget = budget;
  }

  /**
   * Returns a value as JSON.
   *
   * @param indent spaces per level; negative for a single line
   */
  static String of(Object value, int indent, Budget budget) {
    JsonText json = new JsonText(indent, budget);
    json.write(value, 0);
    budget.chars(json.out.length());
    return json.out.toString();
  }

  private void write(Object value, int level) {
    budget.steps(1);
    if (value instanceof String text) {
      string(text);
    } else if (value instanceof Boolean || Values.isInteger(value)) {
      out.append(value);
    } else if (value instanceof Double d) {
      out.append(PythonText.number(d));
    } else if (value == None.NONE) {
      out.append("null");
    } else if (value instanceof List<?> list) {
      all('[', ']', list.iterator(), level, item -> write(Values.known(item), level + 1));
    } else if (value instanceof Map<?, ?> map) {
      all(
          '{',
          '}',
          map.entrySet().iterator(),
          level,
          entry -> {
            string(PythonText.str(entry.getKey(), budget));
            out.append(": ");
            write(Values.known(entry.getValue()), level + 1);
          });
    } else {
      throw new TemplateError("tojson: " + Values.named(value) + " cannot be written as JSON");
    }
  }

  private <T> void all(
      char open, char close, Iterator<T> items, int level, java.util.function.Consumer<T> each) {
    budget.enter();
    out.append(open);
    boolean some = items.hasNext();
    while (items.hasNext()) {
      lineBreak(level + 1);
      each.accept(items.next());
      if (items.hasNext()) {
        out.append(indent < 0 ? ", " : ",");
      }
    }
    if (some) {
      lineBreak(level);
    }
    out.append(close);
    budget.leave();
  }

  private void lineBreak(int level) {
    if (indent >= 0) {
      budget.chars((long) indent * level);
      out.append('\n').append(" ".repeat(indent * level));
    }
  }

  private void string(String text) {
    budget.chars(2L * text.length());
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            budget.chars(6);
            out.append("\\u00").append(c < 16 ? '0' : '1').append(HEX.charAt(c & 15));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
