package dev.lora4j.llm.jinja;

import dev.lora4j.llm.jinja.value.TemplateError;

/** Python's escape sequences in string literals. */
final class Escapes {
  private Escapes() {}

  static String resolve(String text, int line) {
    StringBuilder out = new StringBuilder(text.length());
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i++);
      if (c != '\\' || i == text.length()) {
        out.append(c);
        continue;
      }
      char escaped = text.charAt(i++);
      int hexDigits = hexDigits(escaped);
      if (hexDigits > 0) {
        out.append(character(text, i, hexDigits, line));
        i += hexDigits;
      } else {
        out.append(simple(escaped));
      }
    }
    return out.toString();
  }

  private static int hexDigits(char escaped) {
    return switch (escaped) {
      case 'x' -> 2;
      case 'u' -> 4;
      case 'U' -> 8;
      default -> 0;
    };
  }

  private static String character(String text, int from, int digits, int line) {
    try {
      return Character.toString(Integer.parseUnsignedInt(text.substring(from, from + digits), 16));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw TemplateError.at(line, "not a character: \\" + text.substring(from - 1));
    }
  }

  private static String simple(char escaped) {
    return switch (escaped) {
      case 'n' -> "\n";
      case 't' -> "\t";
      case 'r' -> "\r";
      case 'b' -> "\b";
      case 'f' -> "\f";
      case '0' -> "\0";
      case '\n' -> "";
      case '\\', '\'', '"' -> String.valueOf(escaped);
      default -> "\\" + escaped;
    };
  }
}
