package dev.lora4j.llm.dataset.file;

import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Optional;

/** The bytes at the beginning of a text file that name its encoding; the longer ones come first. */
enum ByteOrderMark {
  UTF_8("UTF-8", 0xEF, 0xBB, 0xBF),
  UTF_32LE("UTF-32LE", 0xFF, 0xFE, 0, 0),
  UTF_32BE("UTF-32BE", 0, 0, 0xFE, 0xFF),
  UTF_16LE("UTF-16LE", 0xFF, 0xFE),
  UTF_16BE("UTF-16BE", 0xFE, 0xFF);

  /** The length of the longest mark. */
  static final int MAX_BYTES = 4;

  private final String encoding;
  private final int[] bytes;

  ByteOrderMark(String encoding, int... bytes) {
    this.encoding = encoding;
    this.bytes = bytes;
  }

  /** Returns the mark at the beginning of a file. */
  static Optional<ByteOrderMark> at(byte[] beginning) {
    return Arrays.stream(values()).filter(mark -> mark.begins(beginning)).findFirst();
  }

  private boolean begins(byte[] beginning) {
    for (int i = 0; i < bytes.length; i++) {
      if (i >= beginning.length || (beginning[i] & 0xFF) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  Charset charset() {
    return Charset.forName(encoding);
  }

  int length() {
    return bytes.length;
  }
}
