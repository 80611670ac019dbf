package dev.lora4j.llm.jinja.value;

import java.util.List;
import java.util.Map;

/** Writes Python's {@code repr} of a value. */
final class Repr {
  private static final String HEX = "0123456789abcdef";

  private final StringBuilder out = new StringBuilder();
  private final Budget budget;
  private final int limit;

  private Repr(Budget budget, int limit) {
    this.budget = budget;
    this.limit = limit;
  }

  static String of(Object value, Budget budget) {
    return of(value, budget, Integer.MAX_VALUE);
  }

  /** Returns the text, possibly truncated after {@code limit} characters. */
  static String of(Object value, Budget budget, int limit) {
    Repr repr = new Repr(budget, limit);
    repr.write(value);
    return repr.out.toString();
  }

  private void write(Object value) {
    budget.steps(1);
    if (value instanceof String text) {
      quoted(text);
    } else if (value instanceof Boolean b) {
      out.append(b ? "True" : "False");
    } else if (value == None.NONE) {
      out.append("None");
    } else if (value instanceof Double d) {
      out.append(PythonText.number(d));
    } else if (value instanceof List<?> list) {
      list(list);
    } else if (value instanceof Map<?, ?> map) {
      map(map);
    } else if (value instanceof Undefined) {
      out.append("Undefined");
    } else if (value instanceof Namespace) {
      out.append("<Namespace>");
    } else if (value instanceof Callable) {
      out.append("<function>");
    } else {
      out.append(value);
    }
  }

  private void list(List<?> list) {
    budget.enter();
    out.append('[');
    String separator = "";
    for (Object item : list) {
      if (out.length() > limit) {
        break;
      }
      out.append(separator);
      write(Values.known(item));
      separator = ", ";
    }
    out.append(']');
    budget.leave();
  }

  private void map(Map<?, ?> map) {
    budget.enter();
    out.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (out.length() > limit) {
        break;
      }
      out.append(separator);
      write(Values.known(entry.getKey()));
      out.append(": ");
      write(Values.known(entry.getValue()));
      separator = ", ";
    }
    out.append('}');
    budget.leave();
  }

  private void quoted(String text) {
    int end = Math.min(text.length(), limit);
    budget.chars(2L * end);
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    for (int i = 0; i < end; i++) {
      character(text.charAt(i), quote);
    }
    out.append(quote);
  }

  private void character(char c, char quote) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case '\\' -> out.append("\\\\");
      default -> {
        if (c == quote) {
          out.append('\\').append(quote);
        } else if (c < ' ' || c == 0x7f) {
          budget.chars(4);
          out.append("\\x").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
        } else {
          out.append(c);
        }
      }
    }
  }
}
