package dev.lora4j.llm.encoder;

import java.util.Arrays;

/**
 * The tokens of a text or of a pair of texts, special tokens included.
 *
 * @param ids token ids
 * @param typeIds the token type of each, 0 or 1; no elements for 0 everywhere
 */
@SuppressWarnings("ArrayRecordComponent") // compared by their content below
public record TokenSequence(int[] ids, int[] typeIds) {

  public TokenSequence {
    if (typeIds.length != 0 && typeIds.length != ids.length) {
      throw new IllegalArgumentException(
          "%d token types for %d tokens".formatted(typeIds.length, ids.length));
    }
  }

  /** A single text. */
  public static TokenSequence of(int... ids) {
    return new TokenSequence(ids, new int[0]);
  }

  /** Number of tokens. */
  public int length() {
    return ids.length;
  }

  int id(int position) {
    return ids[position];
  }

  int typeId(int position) {
    return typeIds.length == 0 ? 0 : typeIds[position];
  }

  boolean isTyped() {
    return Arrays.stream(typeIds).anyMatch(type -> type != 0);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenSequence that
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(typeIds, that.typeIds);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + Arrays.hashCode(typeIds);
  }

  @Override
  public String toString() {
    return Arrays.toString(ids);
  }
}
