package dev.lora4j.models;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import java.util.List;
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
  private long least; // tokens that there is to be room for
  private long length;

  /** For a model of so many layers. */
  KeyValueCache(int layers) {
    this(layers, FIRST_CAPACITY);
  }

  /** With memory for so many tokens from the beginning. */
  KeyValueCache(int layers, long capacity) {
    keys = new Tensor[layers];
    values = new Tensor[layers];
    least = Math.max(1, capacity);
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
    return write(layer, length, newKeys, newValues);
  }

  /**
   * Writes tokens of a layer from a place on, and gives all up to their end. Threads may write in
   * different places once there is room for all.
   */
  KeysAndValues write(int layer, long place, Tensor newKeys, Tensor newValues) {
    KeysAndValues memory = memoryFor(layer, place, newKeys, newValues);
    return new KeysAndValues(
        written(memory.keys(), place, newKeys), written(memory.values(), place, newValues));
  }

  private static Tensor written(Tensor memory, long place, Tensor added) {
    long count = added.size(TOKENS);
    memory.narrow(TOKENS, place, count).copy_(added);
    return memory.narrow(TOKENS, 0, place + count);
  }

  /**
   * A layer's memory, {@code [batch, groups, capacity, dim]}, which has room for these after the
   * tokens that it holds; they are still to be written.
   */
  KeysAndValues memoryFor(int layer, Tensor newKeys, Tensor newValues) {
    return memoryFor(layer, length, newKeys, newValues);
  }

  private synchronized KeysAndValues memoryFor(
      int layer, long place, Tensor newKeys, Tensor newValues) {
    Tensor roomForKeys = roomy(keys[layer], place, newKeys);
    keys[layer] = roomForKeys;
    Tensor roomForValues = roomy(values[layer], place, newValues);
    values[layer] = roomForValues;
    return new KeysAndValues(roomForKeys, roomForValues);
  }

  /**
   * Makes room for more tokens.
   *
   * @return whether memory lies elsewhere now
   */
  boolean makeRoom(long tokens) {
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

  /** The memory of a layer that has read some tokens, {@code [batch, groups, capacity, dim]}. */
  KeysAndValues memory(int layer) {
    return new KeysAndValues(requireNonNull(keys[layer]), requireNonNull(values[layer]));
  }

  /** Counts the tokens that every layer has written. */
  void advance(long tokens) {
    length += tokens;
  }

  private Tensor roomy(@Nullable Tensor memory, long place, Tensor added) {
    if (memory == null) {
      return taken(added, least);
    }
    checkBatch(memory, added);
    long needed = place + added.size(TOKENS);
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
