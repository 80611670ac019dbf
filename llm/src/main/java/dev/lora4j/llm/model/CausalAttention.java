package dev.lora4j.llm.model;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Causal self-attention, computed on the CPU in query blocks of about 64 tokens, each with only the
 * keys that its last query attends to: libtorch computes all pairs of up to 512 keys and masks half
 * of them. The attention masks of all blocks are views of one tensor.
 */
final class CausalAttention {
  private static final Scalar MINUS_INFINITY = Ops.keepScalar(Double.NEGATIVE_INFINITY);
  private static final OptionalLong FULL = OptionalLong.empty();

  private final List<Text> texts;
  private final long longest;
  private final Map<OptionalLong, Mask> masks = new HashMap<>();

  /** Consecutive tokens of a sequence, with some before them. */
  record Text(long before, long length) {
    long end() {
      return before + length;
    }

    /** Returns whether this is a complete sequence whose tokens attend to all earlier ones. */
    boolean isPlain(OptionalLong window) {
      return before == 0 && length <= window.orElse(length);
    }

    /** Number of tokens before the last query block. */
    long furthest(long blockSize) {
      return before + (length - 1) / blockSize * blockSize;
    }
  }

  /** An additive attention mask, 0 or −∞, {@code [queries, reach + queries]}. */
  private record Mask(long reach, Tensor values) {
    Tensor of(Text text) {
      Tensor view = values.narrow(0, 0, text.length()).narrow(1, reach - text.before(), text.end());
      return view.is_cpu() ? view : view.contiguous(); // GPU kernels read several values at once
    }
  }

  CausalAttention(List<Text> texts) {
    this.texts = texts;
    longest = texts.stream().mapToLong(Text::end).max().orElse(0);
  }

  /** Computes attention of the last tokens to the keys up to themselves, within the window. */
  Tensor attend(Tensor q, Tensor keys, Tensor values, AttentionRule rule) {
    OptionalLong window = rule.window();
    long length = q.size(1);
    long before = keys.size(2) - length;
    long blockSize = blockSize(length, q);
    if (blockSize == length && (before == 0 || window.isEmpty())) {
      return attendBlock(q, keys, values, rule);
    }
    TensorVector queries = q.split(blockSize, 1);
    List<Tensor> attended = new ArrayList<>();
    long from = before;
    for (long i = 0; i < queries.size(); i++) {
      Tensor block = queries.get(i);
      long end = from + block.size(1);
      long first = window.isPresent() ? Math.max(0, from + 1 - window.getAsLong()) : 0;
      Tensor seenKeys = keys.narrow(2, first, end - first);
      Tensor seenValues = values.narrow(2, first, end - first);
      attended.add(attendBlock(block, seenKeys, seenValues, rule));
      from = end;
    }
    return attended.size() == 1 ? attended.get(0) : AutogradContext.joined(1, attended);
  }

  private Tensor attendBlock(Tensor q, Tensor keys, Tensor values, AttentionRule rule) {
    Text text = new Text(keys.size(2) - q.size(1), q.size(1));
    Tensor mask = isMasked(text, rule.window(), q) ? mask(rule.window()).of(text) : null;
    boolean causal = mask == null;
    return Ops.attention(
            q.transpose(1, 2), keys, values, mask, causal, rule.scoreCap(), rule.dropout())
        .transpose(1, 2)
        .flatten(2, 3);
  }

  private static long blockSize(long length, Tensor like) {
    if (!like.is_cpu()) {
      return length;
    }
    long parts =
        Math.max(
            1, (length + CostModel.ATTENTION_QUERY_BLOCK / 2) / CostModel.ATTENTION_QUERY_BLOCK);
    return (length + parts - 1) / parts;
  }

  // ---- masks ----

  /**
   * Always uses a mask on the CPU, whose causal flag treats a NaN query as attending to nothing.
   */
  private static boolean isMasked(Text text, OptionalLong window, Tensor like) {
    return like.is_cpu() || !text.isPlain(window);
  }

  /** Creates the mask for layers with this window, in the caller's pointer scope. */
  void prepare(OptionalLong window, Tensor like) {
    List<Text> masked = texts.stream().filter(text -> isMasked(text, window, like)).toList();
    if (!masked.isEmpty()) {
      masks.computeIfAbsent(key(window), key -> mask(masked, key, like));
    }
  }

  private Mask mask(OptionalLong window) {
    return requireNonNull(masks.get(key(window)), "no mask was prepared for " + window);
  }

  /** Windows longer than the sequence share one mask. */
  private OptionalLong key(OptionalLong window) {
    return window.isPresent() && window.getAsLong() < longest ? window : FULL;
  }

  private static Mask mask(List<Text> masked, OptionalLong window, Tensor like) {
    long rows = 0;
    long reach = 0;
    for (Text text : masked) {
      long blockSize = blockSize(text.length(), like);
      rows = Math.max(rows, blockSize);
      reach = Math.max(reach, text.furthest(blockSize));
    }
    reach = Math.min(reach, window.orElse(Long.MAX_VALUE) - 1);
    Tensor keys = Ops.range(0, reach + rows);
    Tensor queries = Ops.range(reach, reach + rows).unsqueeze(1);
    Tensor hidden = keys.gt(queries);
    if (window.isPresent()) {
      Tensor distance = queries.sub(keys);
      hidden = hidden.logical_or(distance.ge(new Scalar(window.getAsLong())));
    }
    Tensor onDevice = hidden.to(like.device(), hidden.scalar_type());
    return new Mask(
        reach,
        torch.zeros(Ops.shape(onDevice), like.options()).masked_fill_(onDevice, MINUS_INFINITY));
  }
}
