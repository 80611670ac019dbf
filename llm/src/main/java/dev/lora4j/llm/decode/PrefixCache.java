package dev.lora4j.llm.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Prefix caching: the full blocks of prompts, found by their owner, the block before them, and
 * their tokens. The least recently used block gives way first. A cached block has the same bits as
 * a computed one, because prompts are prefilled block by block.
 */
final class PrefixCache {
  /**
   * The place of a block in a prompt.
   *
   * @param before number of the block before it; 0 for the first
   * @param tokens of this block alone
   */
  private record Key(Object owner, long before, List<Long> tokens) {}

  /** A cached block and the number that those after it refer to, which is never used again. */
  record Entry(KvBlock block, long number) {}

  private final Map<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);
  private final Consumer<KvBlock> release;
  private long last;

  PrefixCache(Consumer<KvBlock> release) {
    this.release = release;
  }

  /**
   * Returns the cached blocks with which a prompt continues, in order; the caller retains those
   * that it uses. At least one token is left to compute: its hidden state gives the logits.
   *
   * @param before number of the entry before them; 0 for the first block of a prompt
   * @param block number of the prompt's first block that is wanted, from 0 on
   */
  List<Entry> find(Object owner, long before, long[] prompt, int block) {
    List<Key> keys = new ArrayList<>();
    List<Entry> found = new ArrayList<>();
    long previous = before;
    for (int i = block; (i + 1) * KvBlock.TOKENS < prompt.length; i++) {
      Key key = key(owner, previous, prompt, i);
      Entry entry = entries.get(key);
      if (entry == null) {
        break;
      }
      keys.add(key);
      found.add(entry);
      previous = entry.number();
    }
    for (int i = keys.size() - 1; i >= 0; i--) {
      entries.get(keys.get(i)); // the first blocks are the last to be evicted
    }
    return found;
  }

  /** Keeps a block of a prompt, unless an equal one is cached; returns the entry. */
  Entry add(Object owner, long before, long[] prompt, int number, KvBlock block) {
    return entries.computeIfAbsent(
        key(owner, before, prompt, number),
        key -> {
          last++;
          block.retain();
          return new Entry(block, last);
        });
  }

  /** Drops the least recently used block that no sequence uses. */
  void evictOldest() {
    Iterator<Entry> all = entries.values().iterator();
    while (all.hasNext()) {
      KvBlock block = all.next().block();
      if (!block.isShared()) {
        all.remove();
        release.accept(block);
        return;
      }
    }
    throw new IllegalStateException("every block is in use");
  }

  void forget(Object owner) {
    Iterator<Map.Entry<Key, Entry>> all = entries.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Key, Entry> entry = all.next();
      if (entry.getKey().owner().equals(owner)) {
        all.remove();
        release.accept(entry.getValue().block());
      }
    }
  }

  void clear() {
    entries.values().forEach(entry -> release.accept(entry.block()));
    entries.clear();
  }

  private static Key key(Object owner, long before, long[] prompt, int block) {
    int from = block * KvBlock.TOKENS;
    return new Key(
        owner, before, Arrays.stream(prompt, from, from + KvBlock.TOKENS).boxed().toList());
  }
}
