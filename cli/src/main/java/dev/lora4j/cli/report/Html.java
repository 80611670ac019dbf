package dev.lora4j.cli.report;

import java.util.Locale;

/** Escapes text for a page. */
final class Html {
  private Html() {}

  /** Escapes element content and quoted attributes. */
  static String escape(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '"' -> safe.append("&quot;");
        case '\'' -> safe.append("&#39;");
        // Control characters are not allowed in a page, not even escaped.
        default -> safe.append(c < ' ' && c != '\n' && c != '\t' ? '\uFFFD' : c);
      }
    }
    return safe.toString();
  }

  /** Escapes, and joins numbers and their percent signs by non-breaking spaces. */
  static String prose(String text) {
    return escape(text).replace(" %", "\u00a0%");
  }

  /** {@code 41.23%}: a share for CSS and SVG. */
  static String css(double share) {
    return String.format(Locale.ROOT, "%.2f%%", 100 * Math.max(0, Math.min(1, share)));
  }
}
