package dev.lora4j.models;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of the tokens that a model has read, layer by layer, so that the next token
 * costs a forward of one token. Memory is taken ahead and doubled when it is full; tokens are
 * written in their places and nothing else is copied.
 *
 * <p>It belongs to one text at a time and to one thread, and is freed by {@link #close}.
 */
public final class KeyValueCache implements AutoCloseable {
  private static final int FIRST_CAPACITY = 64;
  private static final int TOKENS = 2; // the axis of [batch, groups, tokens, dim]

  /** Keys and values that a query may attend to, {@code [batch, groups, tokens, dim]} each. */
  record KeysAndValues(Tensor keys, Tensor values) {}

  private final @Nullable Tensor[] keys;
  private final @Nullable Tensor[] values;
  private final long firstCapacity;
  private long length;

  /** For a model of so many layers. */
  KeyValueCache(int layers) {
    this(layers, FIRST_CAPACITY);
  }

  /** With memory for so many tokens from the beginning. */
  KeyValueCache(int layers, long capacity) {
    keys = new Tensor[layers];
    values = new Tensor[layers];
    firstCapacity = Math.max(1, capacity);
  }

  /** How many tokens it holds. */
  public long length() {
    return length;
  }

  /**
   * Forgets all but the first tokens, so that another text with the same beginning can go on from
   * there.
   */
  public void truncate(long length) {
    if (length < 0 || length > this.length) {
      throw new UserError("the cache holds %d tokens, not %d".formatted(this.length, length));
    }
    this.length = length;
  }

  /** Writes a layer's next tokens, {@code [batch, groups, tokens, dim]}, and gives all so far. */
  KeysAndValues append(int layer, Tensor newKeys, Tensor newValues) {
    KeysAndValues memory = memoryFor(layer, newKeys, newValues);
    return new KeysAndValues(
        appended(memory.keys(), newKeys), appended(memory.values(), newValues));
  }

  private Tensor appended(Tensor memory, Tensor added) {
    long count = added.size(TOKENS);
    memory.narrow(TOKENS, length, count).copy_(added);
    return memory.narrow(TOKENS, 0, length + count);
  }

  /**
   * A layer's memory, {@code [batch, groups, capacity, dim]}, which has room for these after the
   * tokens that it holds; they are still to be written.
   */
  KeysAndValues memoryFor(int layer, Tensor newKeys, Tensor newValues) {
    Tensor roomForKeys = roomy(keys[layer], newKeys);
    keys[layer] = roomForKeys;
    Tensor roomForValues = roomy(values[layer], newValues);
    values[layer] = roomForValues;
    return new KeysAndValues(roomForKeys, roomForValues);
  }

  /**
   * Makes room for more tokens in all layers, which have read some already.
   *
   * @return whether memory lies elsewhere now
   */
  boolean reserve(long tokens) {
    boolean moved = false;
    for (int layer = 0; layer < keys.length; layer++) {
      KeysAndValues memory = memory(layer);
      if (memory.keys().size(TOKENS) < length + tokens) {
        keys[layer] = grown(memory.keys(), length + tokens);
        values[layer] = grown(memory.values(), length + tokens);
        moved = true;
      }
    }
    return moved;
  }

  /** The memory of a layer that has read some tokens, {@code [batch, groups, capacity, dim]}. */
  KeysAndValues memory(int layer) {
    return new KeysAndValues(requireNonNull(keys[layer]), requireNonNull(values[layer]));
  }

  /** Counts the tokens that every layer has written. */
  void advance(long tokens) {
    length += tokens;
  }

  private Tensor roomy(@Nullable Tensor memory, Tensor added) {
    if (memory == null) {
      return taken(added, firstCapacity);
    }
    checkBatch(memory, added);
    long needed = length + added.size(TOKENS);
    return memory.size(TOKENS) < needed ? grown(memory, needed) : memory;
  }

  private void checkBatch(Tensor memory, Tensor added) {
    if (memory.size(0) != added.size(0)) {
      throw new UserError(
          "the cache is of %d rows, found %d".formatted(memory.size(0), added.size(0)));
    }
  }

  private Tensor grown(Tensor full, long needed) {
    Tensor larger = taken(full, Math.max(needed, 2 * full.size(TOKENS)));
    larger.narrow(TOKENS, 0, length).copy_(full.narrow(TOKENS, 0, length));
    full.deallocate();
    return larger;
  }

  private static Tensor taken(Tensor like, long capacity) {
    try (PointerScope scope = new PointerScope()) {
      long[] shape = Ops.shape(like);
      shape[TOKENS] = Math.max(capacity, shape[TOKENS]);
      return Ops.keep(torch.empty(shape, like.options(), null));
    }
  }

  /** Frees its memory; it is empty then and can be filled again. */
  @Override
  public void close() {
    length = 0;
    for (@Nullable Tensor[] memories : new @Nullable Tensor[][] {keys, values}) {
      for (@Nullable Tensor memory : memories) {
        if (memory != null) {
          memory.deallocate();
        }
      }
      Arrays.fill(memories, null);
    }
  }
}
