package dev.lora4j.llm.constrain.schema;

import dev.lora4j.llm.constrain.grammar.ByteSwitch;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads one character of a JSON string in UTF-8. Quotes, backslashes and control characters are
 * read as their shortest escapes.
 */
final class CodePointSwitch {
  private static final int[] LEADS = {0xc2, 0xe0, 0xf0, 0xf5}; // first of 2, 3 and 4 bytes; end

  private record Range(int to, GrammarNode next) {}

  private final GrammarBuilder builder;
  private final TreeMap<Integer, Range> ranges = new TreeMap<>(); // disjoint, by first code point
  private final Map<GrammarNode, GrammarNode[]> tails = new HashMap<>();

  CodePointSwitch(GrammarBuilder builder) {
    this.builder = builder;
  }

  /** Adds code points, surrogates excluded; no other range overlaps them. */
  CodePointSwitch on(int from, int to, GrammarNode next) {
    if (from < Character.MIN_SURROGATE && to > Character.MAX_SURROGATE) {
      return on(from, Character.MIN_SURROGATE - 1, next).on(Character.MAX_SURROGATE + 1, to, next);
    }
    int first = isSurrogate(from) ? Character.MAX_SURROGATE + 1 : from;
    int last = isSurrogate(to) ? Character.MIN_SURROGATE - 1 : to;
    if (first <= last) {
      ranges.put(first, new Range(last, next));
    }
    return this;
  }

  private static boolean isSurrogate(int point) {
    return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
  }

  /** Returns the node that reads the character. */
  GrammarNode build() {
    return addTo(builder.byteSwitch());
  }

  /** Adds the characters to a switch. */
  ByteSwitch addTo(ByteSwitch reader) {
    addAscii(reader);
    for (int length = 2; length <= 4; length++) {
      int block = 1 << (6 * (length - 1));
      int mask = 0xff >> (length + 1);
      RangeMerger merged = new RangeMerger(reader);
      for (int lead = LEADS[length - 2]; lead < LEADS[length - 1]; lead++) {
        merged.on(lead, tail(Math.multiplyExact(lead & mask, block), length - 1));
      }
      merged.close();
    }
    return reader;
  }

  private void addAscii(ByteSwitch reader) {
    Literals escapes = new Literals();
    RangeMerger merged = new RangeMerger(reader);
    for (int point = 0; point < 0x80; point++) {
      Optional<GrammarNode> next = at(point);
      if (point < ' ' || point == '"' || point == '\\') {
        if (next.isPresent()) {
          escapes.add(JsonLexicon.escape(point).substring(1), next.get());
        }
        merged.on(point, Optional.empty());
      } else {
        merged.on(point, next);
      }
    }
    merged.close();
    if (!escapes.isEmpty()) {
      reader.on('\\', escapes.build(builder));
    }
  }

  private Optional<GrammarNode> at(int point) {
    Map.Entry<Integer, Range> range = ranges.floorEntry(point);
    return range == null || range.getValue().to() < point
        ? Optional.empty()
        : Optional.of(range.getValue().next());
  }

  /** The node for the last bytes of the code points of a block; empty if there are none. */
  private Optional<GrammarNode> tail(int base, int bytes) {
    int last = base + (1 << (6 * bytes)) - 1;
    Map.Entry<Integer, Range> range = ranges.floorEntry(base);
    boolean begun = range != null && range.getValue().to() >= base;
    if (begun && range.getValue().to() >= last && !isTooLong(base, bytes)) {
      return Optional.of(anyTail(range.getValue().next(), bytes));
    }
    Integer next = ranges.ceilingKey(base);
    if (!begun && (next == null || next > last)) {
      return Optional.empty();
    }
    ByteSwitch reader = builder.byteSwitch();
    RangeMerger merged = new RangeMerger(reader);
    int block = 1 << (6 * (bytes - 1));
    for (int value = 0; value < 64; value++) {
      int from = base + value * block;
      boolean shorter = isTooLong(from, bytes);
      Optional<GrammarNode> node =
          shorter ? Optional.empty() : bytes == 1 ? at(from) : tail(from, bytes - 1);
      merged.on(0x80 + value, node);
    }
    merged.close();
    return Optional.of(reader);
  }

  /** Returns whether a shorter encoding is the right one. */
  private static boolean isTooLong(int point, int bytes) {
    return (bytes == 2 && point < 0x800) || (bytes == 3 && point < 0x10000);
  }

  private GrammarNode anyTail(GrammarNode next, int bytes) {
    GrammarNode[] known = tails.computeIfAbsent(next, node -> new GrammarNode[4]);
    if (known[bytes] == null) {
      GrammarNode after = bytes == 1 ? next : anyTail(next, bytes - 1);
      known[bytes] = builder.range(0x80, 0xbf, after);
    }
    return known[bytes];
  }

  /** Adds runs of bytes with the same next node as one range. */
  private static final class RangeMerger {
    private final ByteSwitch reader;
    private Optional<GrammarNode> node = Optional.empty();
    private int from;
    private int to;

    RangeMerger(ByteSwitch reader) {
      this.reader = reader;
    }

    void on(int value, Optional<GrammarNode> next) {
      if (!next.equals(node)) {
        close();
        node = next;
        from = value;
      }
      to = value;
    }

    void close() {
      node.ifPresent(next -> reader.on(from, to, next));
      node = Optional.empty();
    }
  }
}
