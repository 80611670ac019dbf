package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.llm.model.KeyValueStore;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.kernel.BlockAttention;
import dev.lora4j.nn.kernel.KvCacheView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The keys and values of one sequence, in blocks of a {@link KvBlockPool}. Those of the prompt do
 * not depend on how much of it was cached: either a {@link BatchDecoder} reads it, or it is
 * prefilled in chunks that end with a block.
 */
public final class KvSequence implements KeyValueStore, AutoCloseable {
  private static final int AXIS = 2;

  private final KvBlockPool pool;
  private final PrefixCache prefixes;
  private final Object owner;
  private final long[] prompt;
  private final int reserved;
  private final List<KvBlock> blocks;
  private List<BlockAttention> attention = List.of();
  private long length;
  private long cachedTokens;
  private long prefix; // number of the prompt's last cached block

  KvSequence(KvBlockPool pool, PrefixCache prefixes, Object owner, long[] prompt, int reserved) {
    this.pool = pool;
    this.prefixes = prefixes;
    this.owner = owner;
    this.prompt = prompt.clone();
    this.reserved = reserved;
    blocks = new ArrayList<>();
  }

  // ---- prompt ----

  /** Returns whether tokens of the prompt are left to prefill. */
  public boolean isPrefilling() {
    return length < prompt.length;
  }

  /** Number of the prompt's tokens whose keys and values were cached. */
  public long cachedTokens() {
    return cachedTokens;
  }

  /** Returns the prompt's next tokens, at most {@code most}, after those that are cached. */
  public List<Long> nextOfPrompt(int most) {
    adoptCached();
    int from = Math.toIntExact(length);
    int end = (int) Math.min(prompt.length, length + most);
    return Arrays.stream(prompt, from, end).boxed().toList();
  }

  private void adoptCached() {
    if (length % KvBlock.TOKENS != 0) {
      return;
    }
    for (PrefixCache.Entry cached : prefixes.find(owner, prefix, prompt, blocks.size())) {
      cached.block().retain();
      blocks.add(cached.block());
      attention = List.of();
      length += KvBlock.TOKENS;
      cachedTokens += KvBlock.TOKENS;
      prefix = cached.number();
    }
  }

  /**
   * Prefills the next chunk of the prompt by the model's own forward, with the calling thread's
   * adapters and team.
   *
   * @return final hidden state of its last token, {@code [1, hidden]}
   */
  public Tensor prefill(LanguageModel model) {
    adoptCached();
    int from = Math.toIntExact(length);
    int end = Math.min(prompt.length, (from / KvBlock.TOKENS + 1) * KvBlock.TOKENS);
    return Prefill.read(model, Arrays.copyOfRange(prompt, from, end), this);
  }

  /** Appends a token by the model's own forward, for models that have no batched decoder. */
  public Tensor append(LanguageModel model, long token) {
    return Prefill.read(model, new long[] {token}, this);
  }

  // ---- store ----

  @Override
  public long length() {
    return length;
  }

  @Override
  public boolean makeRoom(long tokens) {
    boolean grown = false;
    while ((long) blocks.size() * KvBlock.TOKENS < length + tokens) {
      blocks.add(pool.take());
      attention = List.of();
      grown = true;
    }
    return grown;
  }

  @Override
  public void write(int layer, long position, Tensor newKeys, Tensor newValues) {
    long count = newKeys.size(AXIS);
    for (long from = 0; from < count; ) {
      int offset = Math.toIntExact((position + from) % KvBlock.TOKENS);
      long part = Math.min(count - from, KvBlock.TOKENS - offset);
      KvBlock block = blocks.get(Math.toIntExact((position + from) / KvBlock.TOKENS));
      block.write(layer, offset, newKeys, newValues, from, part);
      from += part;
    }
  }

  @Override
  public KeysAndValues read(int layer, long end) {
    TensorVector keys = new TensorVector();
    TensorVector values = new TensorVector();
    for (int i = 0; (long) i * KvBlock.TOKENS < end; i++) {
      long count = Math.min(KvBlock.TOKENS, end - (long) i * KvBlock.TOKENS);
      keys.push_back(blocks.get(i).keys(layer, count));
      values.push_back(blocks.get(i).values(layer, count));
    }
    return keys.size() == 1
        ? new KeysAndValues(keys.get(0), values.get(0))
        : new KeysAndValues(torch.cat(keys, AXIS), torch.cat(values, AXIS));
  }

  @Override
  public void advance(long tokens) {
    long before = length;
    length += tokens;
    long whole = Math.min(length, prompt.length) / KvBlock.TOKENS; // blocks of the prompt
    for (int i = Math.toIntExact(before / KvBlock.TOKENS); i < whole; i++) {
      prefix = prefixes.add(owner, prefix, prompt, i, blocks.get(i)).number();
    }
  }

  /** The attention of the next token in each layer; {@link #makeRoom} comes first. */
  List<BlockAttention> attention() {
    if (attention.isEmpty()) {
      attention = IntStream.range(0, pool.shape().layers()).mapToObj(this::blocksOf).toList();
    }
    return attention;
  }

  private BlockAttention blocksOf(int layer) {
    List<KvCacheView> views = blocks.stream().map(block -> block.view(layer)).toList();
    return new BlockAttention(views);
  }

  /** Releases the blocks; those of the prompt stay cached. */
  @Override
  public void close() {
    blocks.forEach(pool::release);
    blocks.clear();
    pool.unreserve(reserved);
  }
}
