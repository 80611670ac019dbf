package dev.lora4j.lora.config;

import dev.lora4j.UserError;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Translates the regular expressions of PEFT's configs from Python's syntax to Java's. */
final class PythonRegex {
  private final String python;
  private final StringBuilder java = new StringBuilder();
  private final Map<String, String> groups = new LinkedHashMap<>(); // Java's names have no _
  private int at;

  private PythonRegex(String python) {
    this.python = python;
  }

  /**
   * Compiles an expression.
   *
   * @param python the expression in Python's syntax
   * @param shown what an error quotes: the expression, or the text that it was made of
   * @throws UserError if it is not a regular expression
   */
  static Pattern compile(String python, String shown) {
    try {
      return Pattern.compile(new PythonRegex(python).translated());
    } catch (PatternSyntaxException e) {
      throw new UserError(
          "'%s' is not a regular expression: %s at character %d"
              .formatted(shown, e.getDescription(), e.getIndex() + 1),
          e);
    }
  }

  private String translated() {
    while (at < python.length()) {
      if (take("\\")) {
        escape();
      } else if (take("[")) {
        characterClass();
      } else if (take("(?P<")) {
        java.append("(?<").append(groupName('>')).append('>');
      } else if (take("(?P=")) {
        java.append("\\k<").append(groupName(')')).append('>');
      } else if (take("(?#")) {
        at = end(')') + 1;
      } else if (take("{,")) {
        boolean isRange = python.substring(at).matches("(?s)\\d+}.*");
        java.append(isRange ? "{0," : "\\{,");
      } else {
        java.append(python.charAt(at++));
      }
    }
    return java.toString();
  }

  private boolean take(String text) {
    boolean found = python.startsWith(text, at);
    at += found ? text.length() : 0;
    return found;
  }

  private void escape() {
    if (take("Z")) {
      java.append("\\z");
    } else {
      java.append('\\');
      java.append(at < python.length() ? String.valueOf(python.charAt(at++)) : "");
    }
  }

  /** Copies a class up to its end; a bracket in the first position is a member. */
  private void characterClass() {
    java.append(take("^") ? "[^" : "[");
    if (take("]")) {
      java.append("\\]");
    }
    while (at < python.length() && !take("]")) {
      if (take("\\")) {
        escape();
      } else if (take("[")) {
        java.append("\\[");
      } else if (take("&")) {
        java.append("\\&");
      } else {
        java.append(python.charAt(at++));
      }
    }
    java.append(python.charAt(at - 1) == ']' ? "]" : "");
  }

  private String groupName(char closing) {
    String name = python.substring(at, end(closing));
    at += name.length() + 1;
    return groups.computeIfAbsent(name, unknown -> "g" + groups.size());
  }

  private int end(char closing) {
    int end = python.indexOf(closing, at);
    if (end < 0) {
      throw new PatternSyntaxException("expected '" + closing + "'", python, at);
    }
    return end;
  }
}
