package dev.lora4j.nn.kernel;

import java.util.List;
import java.util.Optional;

/** Attention of a single token to a KV cache in blocks of equal size. */
public final class BlockAttention {
  private final List<KvCacheView> blocks;
  private final int blockSize;

  /**
   * @param blocks one layer's blocks, in the order of their tokens
   */
  public BlockAttention(List<KvCacheView> blocks) {
    this.blocks = List.copyOf(blocks);
    blockSize = Math.toIntExact(blocks.get(0).capacity());
  }

  /** Writes a token's keys and values, which start at these indices of a row. */
  public void write(FloatVector row, int keysFrom, int valuesFrom, int token) {
    blocks.get(token / blockSize).write(row, keysFrom, row, valuesFrom, token % blockSize);
  }

  /**
   * Computes {@code softmax(K q / √dim)ᵀ V} of each head of a token.
   *
   * @param queries the queries, head after head
   * @param heads number of heads, a multiple of the groups
   * @param cap soft cap of the scores, before the softmax
   * @param weights memory for the attention weights, one for each token attended to, itself last
   * @param attended receives the outputs, head after head
   */
  public void attend(
      FloatVector queries,
      int heads,
      int token,
      Optional<SoftCap> cap,
      FloatVector weights,
      FloatVector attended) {
    int first = token + 1 - weights.size();
    for (int head = 0; head < heads; head++) {
      int group = head * blocks.get(0).groups() / heads;
      for (int from = first; from <= token; from = endOfBlock(from)) {
        int to = Math.min(token + 1, endOfBlock(from));
        blocks
            .get(from / blockSize)
            .score(queries, head, group, from % blockSize, weights, from - first, to - from);
      }
      cap.ifPresent(found -> found.apply(weights));
      weights.softmax();
      for (int from = first; from <= token; from = endOfBlock(from)) {
        int to = Math.min(token + 1, endOfBlock(from));
        blocks
            .get(from / blockSize)
            .mix(
                weights,
                from - first,
                to - from,
                group,
                from % blockSize,
                attended,
                head,
                from > first);
      }
    }
  }

  private int endOfBlock(int token) {
    return (token / blockSize + 1) * blockSize;
  }
}
