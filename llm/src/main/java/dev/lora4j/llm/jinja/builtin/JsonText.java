package dev.lora4j.llm.jinja.builtin;

import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Values;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** JSON output identical to Python's {@code json.dumps(value, ensure_ascii=False)}. */
final class JsonText {
  private final StringBuilder out = new StringBuilder();
  private final int indent;

  private JsonText(int indent) {
    this.indent = indent;
  }

  /**
   * Returns a value as JSON.
   *
   * @param indent spaces per level; negative for a single line
   */
  static String of(Object value, int indent) {
    JsonText json = new JsonText(indent);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int level) {
    if (value instanceof String text) {
      string(text);
    } else if (value instanceof Boolean || value instanceof Long) {
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
            string(PythonText.str(entry.getKey()));
            out.append(": ");
            write(Values.known(entry.getValue()), level + 1);
          });
    } else {
      throw new TemplateError("tojson: " + PythonText.repr(value) + " cannot be written as JSON");
    }
  }

  private <T> void all(
      char open, char close, Iterator<T> items, int level, java.util.function.Consumer<T> each) {
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
  }

  private void lineBreak(int level) {
    if (indent >= 0) {
      out.append('\n').append(" ".repeat(indent * level));
    }
  }

  private void string(String text) {
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
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
