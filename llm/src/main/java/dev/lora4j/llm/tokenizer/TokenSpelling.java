package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** How a {@code tokenizer.json} spells the bytes of a token, which follows from its decoder. */
enum TokenSpelling {
  /** A character for each byte, as in GPT-2. */
  BYTE_LEVEL {
    @Override
    byte[] bytes(String token) {
      byte[] bytes = new byte[token.length()];
      for (int i = 0; i < bytes.length; i++) {
        int value = BYTE_OF_CHAR.indexOf(token.charAt(i));
        if (value < 0) {
          return NONE;
        }
        bytes[i] = (byte) value;
      }
      return bytes;
    }
  },
  /** The text with ▁ for a space, or one byte such as {@code <0x0A>}, as in SentencePiece. */
  SENTENCE_PIECE {
    @Override
    byte[] bytes(String token) {
      return token.matches("<0x[0-9A-F]{2}>")
          ? HexFormat.of().parseHex(token, 3, 5)
          : token.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
    }
  };

  private static final byte[] NONE = {};
  private static final String BYTE_OF_CHAR = byteOfChar();

  /** Returns the bytes; empty if the token is not spelt like this. */
  abstract byte[] bytes(String token);

  /** Returns the spelling of a decoder; empty if tokens are not pieces of the text's bytes. */
  static Optional<TokenSpelling> of(JsonNode decoder) {
    List<String> types = decoder.findValuesAsText("type");
    if (types.contains("ByteLevel")) {
      return Optional.of(BYTE_LEVEL);
    }
    boolean pieces = types.contains("Metaspace") || types.contains("ByteFallback");
    return pieces ? Optional.of(SENTENCE_PIECE) : Optional.empty();
  }

  /** The characters by byte: printable ones are themselves, the others follow from U+0100 on. */
  private static String byteOfChar() {
    char[] chars = new char[256];
    int[] hidden =
        IntStream.range(0, 256)
            .filter(b -> b <= ' ' || (b > '~' && b < '¡') || b == '\u00ad')
            .toArray();
    for (int b = 0; b < chars.length; b++) {
      int place = Arrays.binarySearch(hidden, b);
      chars[b] = (char) (place < 0 ? b : 256 + place);
    }
    return new String(chars);
  }
}
