package dev.lora4j.llm.decode;

import dev.lora4j.nn.kernel.KvCacheView;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** The keys and values of {@value #TOKENS} consecutive tokens, for all layers. */
final class KvBlock {
  /** Tokens of a block; a prompt is prefilled in chunks of the same size. */
  static final int TOKENS = 64;

  private static final int AXIS = 2; // of the tokens in [1, groups, tokens, dim]

  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final List<KvCacheView> views = new ArrayList<>();
  private final Tensor memory;
  private int users = 1;

  KvBlock(KvShape shape) {
    try (PointerScope scope = new PointerScope()) {
      memory = Ops.keep(Ops.empty(shape.layers(), 2, 1, shape.groups(), TOKENS, shape.headDim()));
      for (int layer = 0; layer < shape.layers(); layer++) {
        Tensor both = memory.select(0, layer);
        keys.add(Ops.keep(both.select(0, 0)));
        values.add(Ops.keep(both.select(0, 1)));
        views.add(KvCacheView.of(keys.get(layer), values.get(layer)));
      }
    }
  }

  /** A layer's keys, {@code [1, groups, count, dim]}. */
  Tensor keys(int layer, long count) {
    return keys.get(layer).narrow(AXIS, 0, count);
  }

  /** A layer's values, {@code [1, groups, count, dim]}. */
  Tensor values(int layer, long count) {
    return values.get(layer).narrow(AXIS, 0, count);
  }

  KvCacheView view(int layer) {
    return views.get(layer);
  }

  /** Writes tokens {@code from … from + count} of these keys and values at an offset. */
  void write(int layer, int offset, Tensor newKeys, Tensor newValues, long from, long count) {
    keys.get(layer).narrow(AXIS, offset, count).copy_(newKeys.narrow(AXIS, from, count));
    values.get(layer).narrow(AXIS, offset, count).copy_(newValues.narrow(AXIS, from, count));
  }

  // ---- sharing ----

  void retain() {
    users++;
  }

  /** Releases one use; returns whether it was the last. */
  boolean release() {
    users--;
    return users == 0;
  }

  /** Marks the free block as used once, and returns it. */
  KvBlock reused() {
    users = 1;
    return this;
  }

  boolean isShared() {
    return users > 1;
  }

  void free() {
    keys.forEach(Tensor::deallocate);
    values.forEach(Tensor::deallocate);
    memory.deallocate();
  }
}
