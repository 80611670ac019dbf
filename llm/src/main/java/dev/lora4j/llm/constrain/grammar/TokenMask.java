package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.llm.tokenizer.TokenTrie;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** The tokens of a vocabulary that can come next. */
public final class TokenMask {
  private final long[] bits;

  TokenMask(int vocabularySize) {
    bits = new long[(vocabularySize + 63) / 64];
  }

  void allow(int token) {
    bits[token >> 6] |= 1L << token;
  }

  /** Allows the tokens whose text ends at a node of a trie. */
  void allowAt(TokenTrie trie, int node) {
    for (int token = trie.token(node); token != TokenTrie.NONE; token = trie.twin(token)) {
      allow(token);
    }
  }

  void allowAll(TokenMask other) {
    for (int i = 0; i < bits.length; i++) {
      bits[i] |= other.bits[i];
    }
  }

  /** Returns whether a token can come next; tokens beyond the vocabulary can't. */
  public boolean allows(long token) {
    return token >= 0 && token >> 6 < bits.length && (bits[(int) (token >> 6)] & 1L << token) != 0;
  }

  /** Calls an action with each token that can come next. */
  public void forEach(IntConsumer action) {
    for (int i = 0; i < bits.length; i++) {
      for (long word = bits[i]; word != 0; word &= word - 1) {
        action.accept(64 * i + Long.numberOfTrailingZeros(word));
      }
    }
  }

  /** Returns whether no token can come next. */
  public boolean isEmpty() {
    return Arrays.stream(bits).allMatch(word -> word == 0);
  }
}
