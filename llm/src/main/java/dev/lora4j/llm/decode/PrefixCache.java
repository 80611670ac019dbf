package dev.lora4j.llm.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Prefix caching: the full blocks of prompts, keyed by their owner and by all tokens up to their
 * end. The least recently used prefix is evicted first. A cached block has the same bits as a
 * computed one, because prompts are prefilled block by block.
 */
final class PrefixCache {
  /** The key of a block: the tokens of a prompt up to its end. */
  private record Key(Object owner, List<Long> tokens) {}

  private final Map<Key, KvBlock> blocks = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);
  private final Consumer<KvBlock> release;

  PrefixCache(Consumer<KvBlock> release) {
    this.release = release;
  }

  /** Returns the cached blocks of a prompt's prefix, each retained for the caller. */
  List<KvBlock> find(Object owner, long[] prompt) {
    List<KvBlock> found = new ArrayList<>();
    // At least one token is left to compute: its hidden state gives the logits.
    for (int end = KvBlock.TOKENS; end < prompt.length; end += KvBlock.TOKENS) {
      KvBlock block = blocks.get(key(owner, prompt, end));
      if (block == null) {
        break;
      }
      block.retain();
      found.add(block);
    }
    return found;
  }

  /** Keeps the block that holds the last tokens before {@code end}. */
  void add(Object owner, long[] prompt, int end, KvBlock block) {
    if (blocks.putIfAbsent(key(owner, prompt, end), block) == null) {
      block.retain();
    }
  }

  /** Drops the least recently used block that no sequence uses. */
  void evictOldest() {
    Iterator<KvBlock> all = blocks.values().iterator();
    while (all.hasNext()) {
      KvBlock block = all.next();
      if (!block.isShared()) {
        all.remove();
        release.accept(block);
        return;
      }
    }
    throw new IllegalStateException("every block is in use");
  }

  void forget(Object owner) {
    Iterator<Map.Entry<Key, KvBlock>> all = blocks.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Key, KvBlock> entry = all.next();
      if (entry.getKey().owner() == owner) {
        all.remove();
        release.accept(entry.getValue());
      }
    }
  }

  void clear() {
    blocks.values().forEach(release);
    blocks.clear();
  }

  private static Key key(Object owner, long[] prompt, int end) {
    return new Key(owner, Arrays.stream(prompt, 0, end).boxed().toList());
  }
}
