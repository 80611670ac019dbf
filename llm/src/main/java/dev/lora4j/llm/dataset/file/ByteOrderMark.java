package dev.lora4j.llm.dataset.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Optional;

/** A byte order mark, which indicates the encoding of a text file; longer marks come first. */
enum ByteOrderMark {
  UTF_8("UTF-8", "\u00EF\u00BB\u00BF"),
  UTF_32LE("UTF-32LE", "\u00FF\u00FE\0\0"),
  UTF_32BE("UTF-32BE", "\0\0\u00FE\u00FF"),
  UTF_16LE("UTF-16LE", "\u00FF\u00FE"),
  UTF_16BE("UTF-16BE", "\u00FE\u00FF");

  /** The length of the longest mark. */
  static final int MAX_BYTES = 4;

  private final String encoding;
  private final String bytes;

  ByteOrderMark(String encoding, String bytes) {
    this.encoding = encoding;
    this.bytes = bytes;
  }

  /** Returns the mark at the beginning of a file. */
  static Optional<ByteOrderMark> at(byte[] beginning) {
    String found = new String(beginning, ISO_8859_1);
    return Arrays.stream(values()).filter(mark -> found.startsWith(mark.bytes)).findFirst();
  }

  Charset charset() {
    return Charset.forName(encoding);
  }

  int length() {
    return bytes.length();
  }
}
