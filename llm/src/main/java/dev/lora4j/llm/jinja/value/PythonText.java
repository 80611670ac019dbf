package dev.lora4j.llm.jinja.value;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.IntPredicate;

/** Python's text form of values, and its definition of whitespace. */
public final class PythonText {
  private PythonText() {}

  public static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  public static String stripLeft(String text, IntPredicate stripped) {
    int begin = 0;
    while (begin < text.length() && stripped.test(text.charAt(begin))) {
      begin++;
    }
    return text.substring(begin);
  }

  public static String stripRight(String text) {
    return stripRight(text, PythonText::isSpace);
  }

  public static String stripRight(String text, IntPredicate stripped) {
    int end = text.length();
    while (end > 0 && stripped.test(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  public static String strip(String text) {
    return stripLeft(stripRight(text), PythonText::isSpace);
  }

  /** Returns {@code str(value)}. */
  public static String str(Object value) {
    if (value instanceof String text) {
      return text;
    }
    return value instanceof Undefined ? "" : repr(value);
  }

  /** Returns {@code repr(value)}. */
  public static String repr(Object value) {
    if (value instanceof String text) {
      return quoted(text);
    } else if (value instanceof Boolean b) {
      return b ? "True" : "False";
    } else if (value == None.NONE) {
      return "None";
    } else if (value instanceof Double d) {
      return number(d);
    } else if (value instanceof List<?> list) {
      StringJoiner items = new StringJoiner(", ", "[", "]");
      list.forEach(item -> items.add(repr(item)));
      return items.toString();
    } else if (value instanceof Map<?, ?> map) {
      StringJoiner entries = new StringJoiner(", ", "{", "}");
      map.forEach((key, item) -> entries.add(repr(key) + ": " + repr(item)));
      return entries.toString();
    } else if (value instanceof Undefined) {
      return "Undefined";
    } else if (value instanceof Namespace) {
      return "<Namespace>";
    } else if (value instanceof Callable) {
      return "<function>";
    }
    return value.toString();
  }

  private static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    text.chars()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (c < ' ' || c == 0x7f) {
                    out.append(String.format("\\x%02x", c));
                  } else {
                    out.append((char) c);
                  }
                }
              }
            });
    return out.append(quote).toString();
  }

  /**
   * Returns the shortest decimal that parses back to the number, with an exponent where Python uses
   * one.
   */
  public static String number(double d) {
    if (Double.isNaN(d)) {
      return "nan";
    } else if (Double.isInfinite(d)) {
      return d > 0 ? "inf" : "-inf";
    } else if (d == 0) {
      return 1 / d < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = exact.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = exact.unscaledValue().abs().toString();
    String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
    return "%s%c%se%c%02d"
        .formatted(
            d < 0 ? "-" : "",
            digits.charAt(0),
            fraction,
            exponent < 0 ? '-' : '+',
            Math.abs(exponent));
  }
}
