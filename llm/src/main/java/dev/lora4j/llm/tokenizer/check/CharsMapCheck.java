package dev.lora4j.llm.tokenizer.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Deque;
import java.util.Optional;

/**
 * Checks a SentencePiece character map: a double-array trie from UTF-8 sequences to offsets into a
 * blob of replacements. The native library follows its links without bounds checks.
 */
final class CharsMapCheck {
  private static final int MOST_BYTES = 16 << 20;

  private final int[] units;
  private final byte[] replacements;

  private CharsMapCheck(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /** Returns the problem of a map in base64, if there is one. */
  static Optional<String> problem(String base64) {
    if (base64.length() > MOST_BYTES) {
      return Optional.of(
          "at most %,d characters, found %,d".formatted(MOST_BYTES, base64.length()));
    }
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      return Optional.of("base64, found " + e.getMessage());
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long trie = bytes.length < 4 ? -1 : Integer.toUnsignedLong(in.getInt());
    if (trie < 4 || trie % 4 != 0 || trie > in.remaining()) {
      return Optional.of("a trie within %,d bytes, found %,d".formatted(bytes.length, trie));
    }
    int[] units = new int[(int) trie / 4];
    for (int i = 0; i < units.length; i++) {
      units[i] = in.getInt();
    }
    byte[] replacements = new byte[in.remaining()];
    in.get(replacements);
    return new CharsMapCheck(units, replacements).problem();
  }

  private Optional<String> problem() {
    BitSet seen = new BitSet();
    Deque<Integer> open = new ArrayDeque<>();
    open.add(offset(units[0]));
    while (!open.isEmpty()) {
      int base = open.remove();
      if (base < 0 || (base | 0xff) >= units.length) {
        return Optional.of("links within the trie, found " + base);
      }
      if (seen.get(base)) {
        continue;
      }
      seen.set(base);
      for (int c = 1; c < 256; c++) {
        int at = base ^ c;
        int unit = units[at];
        if ((unit & 0x800000ff) != c) {
          continue;
        }
        int next = at ^ offset(unit);
        if (hasLeaf(unit) && !isText(next)) {
          return Optional.of("offsets of replacements, found none at " + next);
        }
        open.add(next);
      }
    }
    return Optional.empty();
  }

  /** A leaf's value is the offset of a text enclosed in zero bytes. */
  private boolean isText(int at) {
    if (at < 0 || at >= units.length) {
      return false;
    }
    int begin = units[at] & 0x7fffffff;
    boolean inside = begin < replacements.length;
    return inside && (begin == 0 || replacements[begin - 1] == 0);
  }

  private static boolean hasLeaf(int unit) {
    return (unit >>> 8 & 1) == 1;
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 0x200) >>> 6);
  }
}
