package dev.lora4j.llm.constrain.schema;

import dev.lora4j.llm.constrain.schema.RegexNode.Alternatives;
import dev.lora4j.llm.constrain.schema.RegexNode.Characters;
import dev.lora4j.llm.constrain.schema.RegexNode.Repeat;
import dev.lora4j.llm.constrain.schema.RegexNode.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Parses ECMA-262 regular expressions without look-around, back-references and word boundaries,
 * which a token mask can't follow. A pattern that is not anchored matches anywhere in the text.
 */
final class RegexParser {
  private static final int MAX_REPEAT = 1000;
  private static final int MAX_DEPTH = 32;
  private static final CharacterSet DIGITS = CharacterSet.range('0', '9');
  private static final CharacterSet WORD =
      DIGITS
          .with(CharacterSet.range('a', 'z'))
          .with(CharacterSet.range('A', 'Z'))
          .with(CharacterSet.of('_'));
  private static final CharacterSet SPACE = CharacterSet.of(' ', '\t', '\n', 0x0b, '\f', '\r');
  private static final CharacterSet UNICODE_SPACE =
      SPACE
          .with(CharacterSet.of(0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff))
          .with(CharacterSet.range(0x1c, 0x1f))
          .with(CharacterSet.range(0x2000, 0x200a));
  private static final CharacterSet NOT_NEW_LINE =
      CharacterSet.of('\n', '\r', 0x85, 0x2028, 0x2029).complement();
  private static final RegexNode ANYTHING =
      new Repeat(
          new Characters(CharacterSet.range(0, Character.MAX_CODE_POINT)), 0, OptionalInt.empty());

  private final String pattern;
  private int at;
  private int depth;

  private RegexParser(String pattern) {
    this.pattern = pattern;
  }

  /**
   * Parses a pattern.
   *
   * @throws IllegalArgumentException if it is wrong or not supported
   */
  static RegexNode parse(String pattern) {
    RegexParser parser = new RegexParser(pattern);
    RegexNode whole = parser.search();
    if (parser.at < pattern.length()) {
      throw parser.wrong("unexpected " + pattern.charAt(parser.at));
    }
    return whole;
  }

  /** The alternatives of the pattern itself, of which each has its own anchors. */
  private RegexNode search() {
    List<RegexNode> options = new ArrayList<>();
    do {
      boolean begins = take("^");
      RegexNode branch = sequence();
      boolean ends = take("$");
      List<RegexNode> parts = new ArrayList<>();
      if (!begins) {
        parts.add(ANYTHING);
      }
      parts.add(branch);
      if (!ends) {
        parts.add(ANYTHING);
      }
      options.add(new Sequence(parts));
    } while (take("|"));
    return options.size() == 1 ? options.get(0) : new Alternatives(options);
  }

  private RegexNode alternatives() {
    List<RegexNode> options = new ArrayList<>();
    do {
      options.add(sequence());
    } while (take("|"));
    return options.size() == 1 ? options.get(0) : new Alternatives(options);
  }

  private RegexNode sequence() {
    List<RegexNode> parts = new ArrayList<>();
    while (at < pattern.length() && "|)$".indexOf(pattern.charAt(at)) < 0) {
      parts.add(repeated(atom()));
    }
    return parts.size() == 1 ? parts.get(0) : new Sequence(parts);
  }

  // ---- repetition ----

  private RegexNode repeated(RegexNode part) {
    RegexNode result = part;
    if (take("*")) {
      result = new Repeat(part, 0, OptionalInt.empty());
    } else if (take("+")) {
      result = new Repeat(part, 1, OptionalInt.empty());
    } else if (take("?")) {
      result = new Repeat(part, 0, OptionalInt.of(1));
    } else if (take("{")) {
      int least = number();
      OptionalInt most = OptionalInt.of(least);
      if (take(",")) {
        most = peek('}') ? OptionalInt.empty() : OptionalInt.of(number());
      }
      require("}");
      if (most.isPresent() && most.getAsInt() < least) {
        throw wrong("the bounds of a repetition are in the wrong order");
      }
      result = new Repeat(part, least, most);
    } else {
      return part;
    }
    take("?"); // lazy: the same texts match
    if (at < pattern.length() && "*+{".indexOf(pattern.charAt(at)) >= 0) {
      throw wrong("nothing to repeat");
    }
    return result;
  }

  private int number() {
    int from = at;
    while (at < pattern.length() && Character.isDigit(pattern.charAt(at))) {
      at++;
    }
    if (from == at || at - from > 4 || Integer.parseInt(pattern, from, at, 10) > MAX_REPEAT) {
      throw wrong("expected a number of repetitions up to " + MAX_REPEAT);
    }
    return Integer.parseInt(pattern, from, at, 10);
  }

  // ---- atoms ----

  private RegexNode atom() {
    if (take("(")) {
      return group();
    }
    if (take("[")) {
      return new Characters(characterClass());
    }
    if (take(".")) {
      return new Characters(NOT_NEW_LINE);
    }
    if (take("\\")) {
      return new Characters(escape(false));
    }
    int point = pattern.codePointAt(at);
    if ("*+?{^]}".indexOf(point) >= 0) {
      throw wrong("unexpected " + pattern.charAt(at));
    }
    at += Character.charCount(point);
    return new Characters(CharacterSet.of(point));
  }

  private RegexNode group() {
    if (take("?") && !take(":")) {
      throw wrong("look-around and named groups are not supported");
    }
    depth++;
    if (depth > MAX_DEPTH) {
      throw wrong("more than " + MAX_DEPTH + " nested groups");
    }
    RegexNode inner = alternatives();
    depth--;
    if (peek('$')) {
      throw wrong("anchors are supported at the ends of the pattern only");
    }
    require(")");
    return inner;
  }

  private CharacterSet characterClass() {
    boolean negated = take("^");
    CharacterSet set = CharacterSet.of();
    while (!peek(']')) {
      CharacterSet first = classAtom();
      boolean range = peek('-') && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']';
      if (range) {
        at++;
        set = set.with(rangeOf(first, classAtom()));
      } else {
        set = set.with(first);
      }
    }
    require("]");
    return negated ? set.complement() : set;
  }

  private CharacterSet classAtom() {
    if (at >= pattern.length()) {
      throw wrong("a class of characters is not closed");
    }
    if (take("\\")) {
      return escape(true);
    }
    int point = pattern.codePointAt(at);
    if (point == '[' || pattern.startsWith("&&", at)) {
      throw wrong("[ and && in a class of characters are ambiguous; escape them");
    }
    at += Character.charCount(point);
    return CharacterSet.of(point);
  }

  private CharacterSet rangeOf(CharacterSet first, CharacterSet last) {
    int from = first.single();
    int to = last.single();
    if (from < 0 || to < from) {
      throw wrong("a range of characters has the wrong order");
    }
    return CharacterSet.range(from, to);
  }

  private CharacterSet escape(boolean inClass) {
    if (at >= pattern.length()) {
      throw wrong("nothing is escaped");
    }
    char letter = pattern.charAt(at++);
    return switch (letter) {
      case 'd' -> DIGITS;
      case 'D' -> DIGITS.complement();
      case 'w' -> WORD;
      case 'W' -> WORD.complement();
      case 's' -> SPACE;
      case 'S' -> UNICODE_SPACE.complement();
      case 't' -> CharacterSet.of('\t');
      case 'n' -> CharacterSet.of('\n');
      case 'r' -> CharacterSet.of('\r');
      case 'f' -> CharacterSet.of('\f');
      case 'x' -> CharacterSet.of(hex(2));
      case 'u' -> CharacterSet.of(hex(4));
      default -> {
        if (letter > 0x7f || Character.isLetterOrDigit(letter)) {
          throw wrong("\\" + letter + (inClass ? " in a class" : "") + " is not supported");
        }
        yield CharacterSet.of(letter);
      }
    };
  }

  private int hex(int digits) {
    if (at + digits > pattern.length()
        || !pattern.substring(at, at + digits).matches("[0-9A-Fa-f]+")) {
      throw wrong("expected " + digits + " hexadecimal digits");
    }
    int value = Integer.parseInt(pattern, at, at + digits, 16);
    at += digits;
    return value;
  }

  // ---- text ----

  private boolean peek(char expected) {
    return at < pattern.length() && pattern.charAt(at) == expected;
  }

  private boolean take(String expected) {
    boolean found = pattern.startsWith(expected, at);
    at += found ? expected.length() : 0;
    return found;
  }

  private void require(String expected) {
    if (!take(expected)) {
      throw wrong("expected " + expected);
    }
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException("at character %d: %s".formatted(at, what));
  }
}
