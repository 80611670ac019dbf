package dev.lora4j.llm.jinja;

import dev.lora4j.llm.jinja.Token.Kind;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The lexer of a template. It also applies whitespace control: a minus strips all whitespace,
 * {@code trim_blocks} strips one newline after a tag, and {@code lstrip_blocks} strips spaces
 * before a tag that starts its line.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")",
          "[", "]", "{", "}", ",", ":", ".", "|");

  private static final Pattern NUMBER =
      Pattern.compile("[0-9][0-9_]*(\\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?");
  private static final Pattern END_OF_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%}");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  /** True if the next character starts a line. */
  private boolean lineStarts = true;

  Lexer(String source) {
    String lines = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
  }

  List<Token> tokens() {
    while (at < source.length()) {
      text();
      if (at < source.length()) {
        switch (source.charAt(at + 1)) {
          case '#' -> comment();
          case '{' -> block(Kind.OPEN_PRINT, Kind.CLOSE_PRINT, "}}");
          default -> block(Kind.OPEN_TAG, Kind.CLOSE_TAG, "%}");
        }
      }
    }
    add(Kind.END, "");
    return tokens;
  }

  /** Reads the text up to the next delimiter, without the whitespace that the delimiter strips. */
  private void text() {
    int end = nextMark();
    String text = source.substring(at, end);
    if (end < source.length()) {
      char sign = end + 2 < source.length() ? source.charAt(end + 2) : ' ';
      if (sign == '-') {
        text = PythonText.stripRight(text);
      } else if (sign != '+' && source.charAt(end + 1) != '{') {
        text = withoutIndentation(text);
      }
    }
    if (!text.isEmpty()) {
      add(Kind.TEXT, text);
    }
    moveTo(end);
  }

  private int nextMark() {
    for (int i = at; i + 1 < source.length(); i++) {
      if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return source.length();
  }

  private String withoutIndentation(String text) {
    int lineStart = text.lastIndexOf('\n') + 1;
    boolean first = lineStart > 0 || lineStarts;
    return first && text.substring(lineStart).chars().allMatch(PythonText::isSpace)
        ? text.substring(0, lineStart)
        : text;
  }

  private void comment() {
    int end = source.indexOf("#}", at + 2);
    if (end < 0) {
      throw TemplateError.at(line, "{# without #}");
    }
    char sign = source.charAt(end - 1);
    moveTo(end + 2);
    skipAfter(sign, true);
  }

  private void block(Kind open, Kind close, String closing) {
    int opened = line;
    add(open, "");
    at += 2;
    if (at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+')) {
      at++;
    }
    int depth = 0;
    while (true) {
      skipSpace();
      if (at >= source.length()) {
        throw TemplateError.at(opened, "unclosed tag, expected " + closing);
      }
      char c = source.charAt(at);
      boolean signed = (c == '-' || c == '+') && source.startsWith(closing, at + 1);
      if (depth == 0 && (signed || source.startsWith(closing, at))) {
        add(close, "");
        at += closing.length() + (signed ? 1 : 0);
        if (isRaw(close)) {
          raw(signed ? c : ' ');
        } else {
          skipAfter(signed ? c : ' ', close == Kind.CLOSE_TAG);
        }
        return;
      }
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      expressionToken(c);
    }
  }

  /** Strips the whitespace after a delimiter: all of it at a minus, one newline after a tag. */
  private void skipAfter(char sign, boolean tag) {
    int from = at;
    if (sign == '-') {
      skipSpace();
    } else if (tag && sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      moveTo(at + 1);
    }
    lineStarts = at > from && source.charAt(at - 1) == '\n';
  }

  private boolean isRaw(Kind close) {
    int size = tokens.size();
    return close == Kind.CLOSE_TAG
        && size >= 3
        && tokens.get(size - 2).is(Kind.NAME, "raw")
        && tokens.get(size - 3).kind() == Kind.OPEN_TAG;
  }

  /** Reads everything up to {@code {% endraw %}} as text. */
  private void raw(char sign) {
    tokens.subList(tokens.size() - 3, tokens.size()).clear();
    skipAfter(sign, true);
    Matcher end = END_OF_RAW.matcher(source);
    if (!end.find(at)) {
      throw TemplateError.at(line, "{% raw %} without {% endraw %}");
    }
    String text = source.substring(at, end.start());
    add(Kind.TEXT, end.group(1).equals("-") ? PythonText.stripRight(text) : text);
    moveTo(end.end());
    skipAfter(end.group(2).isEmpty() ? ' ' : end.group(2).charAt(0), true);
  }

  private void expressionToken(char c) {
    if (c == '\'' || c == '"') {
      string(c);
    } else if (c >= '0' && c <= '9') {
      number();
    } else if (Character.isLetter(c) || c == '_') {
      int end = at;
      while (end < source.length() && Character.isJavaIdentifierPart(source.charAt(end))) {
        end++;
      }
      add(Kind.NAME, source.substring(at, end));
      moveTo(end);
    } else {
      for (String operator : OPERATORS) {
        if (source.startsWith(operator, at)) {
          add(Kind.OPERATOR, operator);
          moveTo(at + operator.length());
          return;
        }
      }
      throw TemplateError.at(line, "unexpected " + c);
    }
  }

  private void number() {
    Matcher number = NUMBER.matcher(source).region(at, source.length());
    if (!number.lookingAt()) {
      throw TemplateError.at(line, "not a number: " + source.charAt(at));
    }
    boolean whole = number.group(1) == null && number.group(2) == null;
    add(whole ? Kind.INTEGER : Kind.FLOAT, number.group().replace("_", ""));
    moveTo(number.end());
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw TemplateError.at(line, "unterminated string, expected " + quote);
    }
    add(Kind.STRING, Escapes.resolve(source.substring(at + 1, end), line));
    moveTo(end + 1);
  }

  private void skipSpace() {
    while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
      moveTo(at + 1);
    }
  }

  private void moveTo(int end) {
    for (int i = at; i < end; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
    at = end;
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }
}
