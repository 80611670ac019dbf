package dev.lora4j.llm.tokenizer;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * The bytes that each token of a vocabulary adds to a text; none for special and other added
 * tokens. Immutable.
 */
public final class TokenBytes {
  private final byte[] all;
  private final int[] ends;

  private TokenBytes(byte[] all, int[] ends) {
    this.all = all;
    this.ends = ends;
  }

  /** Returns a vocabulary of these byte strings, by token id. */
  static TokenBytes of(byte[][] texts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int[] ends = new int[texts.length];
    for (int id = 0; id < texts.length; id++) {
      all.writeBytes(texts[id]);
      ends[id] = all.size();
    }
    return new TokenBytes(all.toByteArray(), ends);
  }

  /** The vocabulary size. */
  public int size() {
    return ends.length;
  }

  /** Returns the bytes of a token. */
  public byte[] of(int id) {
    return Arrays.copyOfRange(all, id == 0 ? 0 : ends[id - 1], ends[id]);
  }
}
