package dev.lora4j.llm.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The byte strings of a vocabulary as a tree in depth-first order: the nodes below a node follow it
 * directly. Immutable.
 */
public final class TokenTrie {
  /** No token. */
  public static final int NONE = -1;

  private final int vocabularySize;
  private final byte[] labels;
  private final int[] ends; // the node after those below
  private final int[] tokens; // NONE: no token ends here
  private final int[] twins; // by token: the next one with the same bytes

  private TokenTrie(int vocabularySize, byte[] labels, int[] ends, int[] tokens, int[] twins) {
    this.vocabularySize = vocabularySize;
    this.labels = labels;
    this.ends = ends;
    this.tokens = tokens;
    this.twins = twins;
  }

  /** Builds the trie of a vocabulary; tokens without bytes are left out. */
  static TokenTrie of(TokenBytes vocabulary) {
    byte[][] texts = new byte[vocabulary.size()][];
    Arrays.setAll(texts, vocabulary::of);
    int[] sorted =
        IntStream.range(0, texts.length)
            .filter(id -> texts[id].length > 0)
            .boxed()
            .sorted(Comparator.comparing((Integer id) -> texts[id], Arrays::compareUnsigned))
            .mapToInt(Integer::intValue)
            .toArray();
    int most = 1 + IntStream.of(sorted).map(id -> texts[id].length).sum();
    byte[] labels = new byte[most];
    int[] ends = new int[most];
    int[] tokens = new int[most];
    int[] twins = new int[texts.length];
    Arrays.fill(tokens, NONE);
    Arrays.fill(twins, NONE);
    int[] path = new int[1 + IntStream.of(sorted).map(id -> texts[id].length).max().orElse(0)];
    int depth = 0;
    int size = 1;
    byte[] before = {};
    for (int id : sorted) {
      byte[] text = texts[id];
      int common = Arrays.mismatch(before, text);
      int kept = common < 0 ? text.length : common;
      for (; depth > kept; depth--) {
        ends[path[depth]] = size;
      }
      for (; depth < text.length; depth++) {
        path[depth + 1] = size;
        labels[size++] = text[depth];
      }
      twins[id] = tokens[path[depth]];
      tokens[path[depth]] = id;
      before = text;
    }
    for (; depth >= 0; depth--) {
      ends[path[depth]] = size;
    }
    return new TokenTrie(
        texts.length,
        Arrays.copyOf(labels, size),
        Arrays.copyOf(ends, size),
        Arrays.copyOf(tokens, size),
        twins);
  }

  public int vocabularySize() {
    return vocabularySize;
  }

  /** The node of the empty text. */
  public int root() {
    return 0;
  }

  /** The node after all nodes below a node, which begin at {@code node + 1}. */
  public int end(int node) {
    return ends[node];
  }

  /** The last byte of a node's text. */
  public int label(int node) {
    return labels[node] & 0xff;
  }

  /** The first token whose text ends at a node, or {@link #NONE}. */
  public int token(int node) {
    return tokens[node];
  }

  /** The next token with the same bytes as a token, or {@link #NONE}. */
  public int twin(int token) {
    return twins[token];
  }
}
