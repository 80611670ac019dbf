package dev.lora4j.llm.jinja.value;

import java.math.BigDecimal;
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
  public static String str(Object value, Budget budget) {
    if (value instanceof String text) {
      return text;
    }
    return value instanceof Undefined ? "" : repr(value, budget);
  }

  /** Returns {@code repr(value)}. */
  public static String repr(Object value, Budget budget) {
    return Repr.of(value, budget);
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
