package dev.lora4j.llm.model;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The KV cache: keys and values of the tokens so far, layer by layer, so that the next token costs
 * a forward pass of one token. Memory is allocated ahead and doubled when full. A cache serves one
 * sequence and one thread at a time.
 */
public final class KeyValueCache implements KeyValueStore, AutoCloseable {
  private static final int FIRST_CAPACITY = 64;
  private static final int TOKENS = 2; // the axis of [batch, groups, tokens, dim]

  /** Keys and values of one layer, {@code [batch, groups, tokens, dim]} each. */
  public record KeysAndValues(Tensor keys, Tensor values) {}

  private final @Nullable Tensor[] keys;
  private final @Nullable Tensor[] values;
  private long least; // capacity in tokens
  private long length;

  /** An empty cache for a model with this number of layers. */
  public KeyValueCache(int layers) {
    this(layers, FIRST_CAPACITY);
  }

  /** An empty cache with memory for {@code capacity} tokens. */
  public KeyValueCache(int layers, long capacity) {
    keys = new Tensor[layers];
    values = new Tensor[layers];
    least = Math.max(1, capacity);
  }

  @Override
  public long length() {
    return length;
  }

  /** Drops all but the first tokens, so that another text with the same prefix can continue. */
  public void truncate(long length) {
    if (length < 0 || length > this.length) {
      throw new UserError("the KV cache holds %d tokens, not %d".formatted(this.length, length));
    }
    this.length = length;
  }

  /** Appends keys and values, {@code [batch, groups, tokens, dim]}; returns all of the layer. */
  KeysAndValues append(int layer, Tensor newKeys, Tensor newValues) {
    write(layer, length, newKeys, newValues);
    return read(layer, length + newKeys.size(TOKENS));
  }

  /** Threads may write at different positions once {@link #makeRoom} has been called for all. */
  @Override
  public void write(int layer, long position, Tensor newKeys, Tensor newValues) {
    KeysAndValues memory = memoryFor(layer, position, newKeys, newValues);
    put(memory.keys(), position, newKeys);
    put(memory.values(), position, newValues);
  }

  private static void put(Tensor memory, long position, Tensor added) {
    memory.narrow(TOKENS, position, added.size(TOKENS)).copy_(added);
  }

  @Override
  public KeysAndValues read(int layer, long end) {
    KeysAndValues memory = memory(layer);
    return new KeysAndValues(
        memory.keys().narrow(TOKENS, 0, end), memory.values().narrow(TOKENS, 0, end));
  }

  /** A layer's memory, {@code [batch, groups, capacity, dim]}, with room for new tokens. */
  KeysAndValues memoryFor(int layer, Tensor newKeys, Tensor newValues) {
    return memoryFor(layer, length, newKeys, newValues);
  }

  private synchronized KeysAndValues memoryFor(
      int layer, long position, Tensor newKeys, Tensor newValues) {
    Tensor keyMemory = withRoom(keys[layer], position, newKeys);
    keys[layer] = keyMemory;
    Tensor valueMemory = withRoom(values[layer], position, newValues);
    values[layer] = valueMemory;
    return new KeysAndValues(keyMemory, valueMemory);
  }

  /** Makes room for more tokens; returns whether the memory has moved. */
  @Override
  public boolean makeRoom(long tokens) {
    long needed = length + tokens;
    least = Math.max(least, needed);
    boolean moved = false;
    for (@Nullable Tensor[] memories : List.of(keys, values)) {
      for (int layer = 0; layer < memories.length; layer++) {
        Tensor memory = memories[layer];
        if (memory != null && memory.size(TOKENS) < needed) {
          memories[layer] = grown(memory, needed);
          moved = true;
        }
      }
    }
    return moved;
  }

  /** The memory of a layer that has seen some tokens, {@code [batch, groups, capacity, dim]}. */
  public KeysAndValues memory(int layer) {
    return new KeysAndValues(requireNonNull(keys[layer]), requireNonNull(values[layer]));
  }

  /** Adds tokens to the length once every layer has written them. */
  @Override
  public void advance(long tokens) {
    length += tokens;
  }

  private Tensor withRoom(@Nullable Tensor memory, long position, Tensor added) {
    if (memory == null) {
      return allocated(added, least);
    }
    checkBatch(memory, added);
    long needed = position + added.size(TOKENS);
    return memory.size(TOKENS) < needed ? grown(memory, needed) : memory;
  }

  private void checkBatch(Tensor memory, Tensor added) {
    if (memory.size(0) != added.size(0)) {
      throw new UserError(
          "the KV cache has %d rows, found %d".formatted(memory.size(0), added.size(0)));
    }
  }

  private Tensor grown(Tensor full, long needed) {
    Tensor larger = allocated(full, Math.max(needed, 2 * full.size(TOKENS)));
    larger.narrow(TOKENS, 0, length).copy_(full.narrow(TOKENS, 0, length));
    full.deallocate();
    return larger;
  }

  private static Tensor allocated(Tensor like, long capacity) {
    try (PointerScope scope = new PointerScope()) {
      long[] shape = Ops.shape(like);
      shape[TOKENS] = Math.max(capacity, shape[TOKENS]);
      return Ops.keep(torch.empty(shape, like.options(), null));
    }
  }

  /** Frees the memory. The cache is empty then, and can be filled again. */
  @Override
  public void close() {
    length = 0;
    for (@Nullable Tensor[] memories : List.of(keys, values)) {
      for (@Nullable Tensor memory : memories) {
        if (memory != null) {
          memory.deallocate();
        }
      }
      Arrays.fill(memories, null);
    }
  }
}
