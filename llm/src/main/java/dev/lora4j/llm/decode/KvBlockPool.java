package dev.lora4j.llm.decode;

import dev.lora4j.UserError;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The KV cache of a server: a bounded number of blocks that sequences acquire and release. For one
 * thread.
 *
 * <p>Prompt blocks of finished sequences stay as cached prefixes ({@link PrefixCache}) until the
 * memory is needed.
 */
public final class KvBlockPool implements AutoCloseable {
  private final KvShape shape;
  private final int capacity;
  private final Deque<KvBlock> free = new ArrayDeque<>();
  private final PrefixCache prefixes = new PrefixCache(this::release);
  private int used;
  private int reserved;

  /**
   * @param bytes memory for keys and values, at least for one block
   */
  public KvBlockPool(KvShape shape, long bytes) {
    this.shape = shape;
    capacity = Math.toIntExact(Math.min(Integer.MAX_VALUE, bytes / shape.blockBytes()));
    if (capacity < 1) {
      throw new UserError(
          "the KV cache needs at least %d bytes for %d tokens, found %d"
              .formatted(shape.blockBytes(), KvBlock.TOKENS, bytes));
    }
  }

  /** Tokens that the blocks hold. */
  public long capacityInTokens() {
    return (long) capacity * KvBlock.TOKENS;
  }

  /** Share of the blocks that sequences or cached prefixes use. */
  public double usage() {
    return (double) used / capacity;
  }

  /**
   * Starts a sequence with the cached prefix of a prompt, and reserves the blocks for all its
   * tokens.
   *
   * @param owner the owner of the keys and values: one object for each version of an adapter
   * @param prompt token ids
   * @param maxTokens tokens of the prompt and the completion
   * @return empty if the memory does not suffice at present
   */
  public Optional<KvSequence> open(Object owner, long[] prompt, long maxTokens) {
    int blocks = Math.toIntExact((maxTokens + KvBlock.TOKENS - 1) / KvBlock.TOKENS);
    if (reserved + blocks > capacity) {
      return Optional.empty();
    }
    reserved += blocks;
    return Optional.of(new KvSequence(this, prefixes, owner, prompt, blocks));
  }

  KvShape shape() {
    return shape;
  }

  /** Returns an empty block; evicts a cached prefix if necessary. */
  KvBlock take() {
    while (free.isEmpty() && used == capacity) {
      prefixes.evictOldest();
    }
    used++;
    KvBlock block = free.poll();
    return block == null ? new KvBlock(shape) : block.reused();
  }

  /** Releases a block; it is free after its last release. */
  void release(KvBlock block) {
    if (block.release()) {
      used--;
      free.push(block);
    }
  }

  void unreserve(int blocks) {
    reserved -= blocks;
  }

  /** Forgets the cached prefixes of an owner. */
  public void forget(Object owner) {
    prefixes.forget(owner);
  }

  @Override
  public void close() {
    prefixes.clear();
    free.forEach(KvBlock::free);
    free.clear();
  }
}
