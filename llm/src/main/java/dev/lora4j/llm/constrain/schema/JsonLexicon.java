package dev.lora4j.llm.constrain.schema;

import dev.lora4j.llm.constrain.grammar.ByteSwitch;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import dev.lora4j.llm.constrain.grammar.Rule;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The lexical rules of JSON: white space, strings and numbers. */
final class JsonLexicon {
  private static final int MAX_INDENT = 40;
  private static final int MAX_INTEGER_DIGITS = 16;

  /** Every double of 10⁻⁶ and more has 17 significant digits after at most five zeros. */
  static final int MAX_FRACTION_DIGITS = 22;

  private static final String SHORT_ESCAPES = "\"\\/bfnrt";

  private final GrammarBuilder builder;
  private final Rule space;
  private final Rule string;
  private final Rule number;

  JsonLexicon(GrammarBuilder builder) {
    this.builder = builder;
    space = builder.rule(spaceBody());
    string = builder.rule(builder.literal("\"", stringBody()));
    number = builder.rule(builder.choice(builder.literal("-", unsigned()), unsigned()));
  }

  // ---- texts ----

  /** Returns a text as a JSON string, escaped only where necessary. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            point -> {
              if (point < ' ' || point == '"' || point == '\\') {
                quoted.append(escape(point));
              } else {
                quoted.appendCodePoint(point);
              }
            });
    return quoted.append('"').toString();
  }

  /** Returns the shortest escape of a character that needs one. */
  static String escape(int point) {
    int place = "\"\\\b\f\n\r\t".indexOf(point);
    return place < 0 ? "\\u%04x".formatted(point) : "\\" + "\"\\bfnrt".charAt(place);
  }

  // ---- white space ----

  /** At most one space, or a new line with its indentation. */
  GrammarNode space(GrammarNode next) {
    return builder.call(space, next);
  }

  /** At most one space. */
  GrammarNode oneSpace(GrammarNode next) {
    return builder.choice(next, builder.literal(" ", next));
  }

  private GrammarNode spaceBody() {
    GrammarNode indent = builder.end();
    for (int i = 0; i < MAX_INDENT; i++) {
      indent = oneSpaceOf(indent);
    }
    return builder.choice(
        builder.end(), builder.literal(" ", builder.end()), builder.literal("\n", indent));
  }

  private GrammarNode oneSpaceOf(GrammarNode next) {
    return builder.choice(builder.end(), builder.literal(" ", next));
  }

  // ---- strings ----

  /** Any string. */
  GrammarNode string(GrammarNode next) {
    return builder.call(string, next);
  }

  private GrammarNode stringBody() {
    ByteSwitch body = builder.byteSwitch();
    addCharacter(body, body);
    return body.on('"', builder.end());
  }

  /** A string of so many code points. */
  GrammarNode string(int least, int most, GrammarNode next) {
    ByteSwitch body = builder.byteSwitch().on('"', next);
    for (int length = most - 1; length >= 0; length--) {
      ByteSwitch longer = builder.byteSwitch();
      addCharacter(longer, body);
      body = length >= least ? longer.on('"', next) : longer;
    }
    return builder.literal("\"", body);
  }

  /** A string of at least so many code points. */
  GrammarNode string(int least, GrammarNode next) {
    ByteSwitch body = builder.byteSwitch();
    addCharacter(body, body);
    body.on('"', next);
    for (int length = least - 1; length >= 0; length--) {
      ByteSwitch longer = builder.byteSwitch();
      addCharacter(longer, body);
      body = longer;
    }
    return builder.literal("\"", body);
  }

  /** A string without escapes, other than these. */
  GrammarNode stringExcept(Set<String> excluded, GrammarNode next) {
    ByteSwitch free = builder.byteSwitch();
    new CodePointSwitch(builder)
        .on(' ', '"' - 1, free)
        .on('"' + 1, '\\' - 1, free)
        .on('\\' + 1, Character.MAX_CODE_POINT, free)
        .addTo(free);
    return builder.literal("\"", except("", excluded, free.on('"', next), next));
  }

  /**
   * The rest of a string after its beginning.
   *
   * @param excluded the strings with this beginning that are excluded
   * @param free what follows a beginning that none of them has
   */
  private GrammarNode except(
      String begun, Set<String> excluded, GrammarNode free, GrammarNode next) {
    TreeMap<Integer, Set<String>> longer = new TreeMap<>();
    for (String other : excluded) {
      if (other.length() > begun.length()) {
        longer.computeIfAbsent(other.codePointAt(begun.length()), p -> new HashSet<>()).add(other);
      }
    }
    List.of('"', '\\').forEach(point -> longer.put((int) point, Set.of()));
    CodePointSwitch characters = new CodePointSwitch(builder);
    int from = ' ';
    for (Map.Entry<Integer, Set<String>> entry : longer.tailMap((int) ' ').entrySet()) {
      int point = entry.getKey();
      characters.on(from, point - 1, free);
      if (point != '"' && point != '\\') {
        String more = begun + Character.toString(point);
        characters.on(point, point, except(more, entry.getValue(), free, next));
      }
      from = point + 1;
    }
    ByteSwitch reader = builder.byteSwitch();
    characters.on(from, Character.MAX_CODE_POINT, free).addTo(reader);
    return excluded.contains(begun) ? reader : reader.on('"', next);
  }

  /** Adds the characters of strings to a switch, escaped ones too. */
  private void addCharacter(ByteSwitch reader, GrammarNode next) {
    new CodePointSwitch(builder)
        .on(' ', '"' - 1, next)
        .on('"' + 1, '\\' - 1, next)
        .on('\\' + 1, Character.MAX_CODE_POINT, next)
        .addTo(reader);
    ByteSwitch escape = builder.byteSwitch().on('u', hexCode(next));
    SHORT_ESCAPES.chars().forEach(letter -> escape.on(letter, next));
    reader.on('\\', escape);
  }

  /** Four hexadecimal digits, or the eight of a surrogate pair. */
  private GrammarNode hexCode(GrammarNode next) {
    GrammarNode two = hex(hex(next));
    ByteSwitch low = builder.byteSwitch().on('c', 'f', two).on('C', 'F', two);
    GrammarNode lowHalf = builder.literal("\\u", builder.byteSwitch().on('d', low).on('D', low));
    GrammarNode high = hex(hex(lowHalf));
    ByteSwitch afterD =
        builder.byteSwitch().on('0', '7', two).on('8', '9', high).on('a', 'b', high);
    afterD.on('A', 'B', high);
    GrammarNode three = hex(two);
    return builder
        .byteSwitch()
        .on('0', '9', three)
        .on('a', 'c', three)
        .on('A', 'C', three)
        .on('e', 'f', three)
        .on('E', 'F', three)
        .on('d', afterD)
        .on('D', afterD);
  }

  private GrammarNode hex(GrammarNode next) {
    return builder.byteSwitch().on('0', '9', next).on('a', 'f', next).on('A', 'F', next);
  }

  // ---- numbers ----

  /** Any number that fits a double. */
  GrammarNode number(GrammarNode next) {
    return builder.call(number, next);
  }

  private GrammarNode unsigned() {
    GrammarNode end = builder.end();
    GrammarNode exponent = exponent(end);
    GrammarNode tail = builder.choice(end, exponent, builder.literal(".", fraction(end, exponent)));
    GrammarNode more = tail;
    for (int i = 1; i < MAX_INTEGER_DIGITS; i++) {
      more = builder.choice(tail, builder.range('0', '9', more));
    }
    return builder.byteSwitch().on('0', tail).on('1', '9', more);
  }

  private GrammarNode fraction(GrammarNode end, GrammarNode exponent) {
    GrammarNode more = builder.choice(end, exponent);
    GrammarNode first = more;
    for (int i = 0; i < MAX_FRACTION_DIGITS; i++) {
      first = builder.range('0', '9', more);
      more = builder.choice(end, exponent, first);
    }
    return first;
  }

  /** Up to 289, so that a number of 16 digits before the point is finite. */
  private GrammarNode exponent(GrammarNode end) {
    GrammarNode one = builder.range('0', '9', end);
    GrammarNode two = builder.range('0', '9', one);
    ByteSwitch afterTwo = builder.byteSwitch().on('0', '8', builder.choice(end, one)).on('9', end);
    GrammarNode digits =
        builder
            .byteSwitch()
            .on('0', builder.choice(end, one))
            .on('1', builder.choice(end, one, two))
            .on('2', builder.choice(end, afterTwo))
            .on('3', '9', builder.choice(end, one));
    ByteSwitch sign = builder.byteSwitch().on('+', digits).on('-', digits);
    GrammarNode signed = builder.choice(digits, sign);
    return builder.byteSwitch().on('e', signed).on('E', signed);
  }
}
