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
  private record Entry(KvBlock block, long number) {}

  private final Map<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);
  private final Consumer<KvBlock> release;
  private long last;

  PrefixCache(Consumer<KvBlock> release) {
    this.release = release;
  }

  /**
   * Returns the cached blocks with which a prompt continues after those that it has, each retained
   * for the caller. At least one token is left to compute: its hidden state gives the logits.
   */
  List<KvBlock> find(Object owner, long[] prompt, List<KvBlock> had) {
    List<Key> keys = new ArrayList<>();
    List<KvBlock> found = new ArrayList<>();
    long before = 0;
    for (int i = 0; (i + 1) * KvBlock.TOKENS < prompt.length; i++) {
      Key key = key(owner, before, prompt, i);
      Entry entry = entries.get(key);
      if (entry == null) {
        break;
      }
      keys.add(key);
      before = entry.number();
      if (i >= had.size()) {
        entry.block().retain();
        found.add(entry.block());
      }
    }
    for (int i = keys.size() - 1; i >= 0; i--) {
      entries.get(keys.get(i)); // the first blocks are the last to give way
    }
    return found;
  }

  /** Keeps the last of a prompt's blocks, if those before it are cached. */
  void add(Object owner, long[] prompt, List<KvBlock> blocks) {
    long before = 0;
    for (int i = 0; i < blocks.size() - 1; i++) {
      Entry entry = entries.get(key(owner, before, prompt, i));
      if (entry == null) {
        return;
      }
      before = entry.number();
    }
    KvBlock block = blocks.get(blocks.size() - 1);
    Key key = key(owner, before, prompt, blocks.size() - 1);
    if (!entries.containsKey(key)) {
      last++;
      entries.put(key, new Entry(block, last));
      block.retain();
    }
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
