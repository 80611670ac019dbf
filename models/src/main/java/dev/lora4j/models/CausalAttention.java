package dev.lora4j.models;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Ops;
import dev.lora4j.row.CostModel;
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
 * Attention in which no token sees a later one. On the CPU it is computed for some tokens at a
 * time, with those keys alone that the last of them sees: libtorch computes all pairs of up to 512
 * keys, and masks half of them. What it then leaves to be masked is cut from one mask for all.
 */
final class CausalAttention {
  private static final Scalar NEVER = Ops.keepScalar(Double.NEGATIVE_INFINITY);
  private static final OptionalLong EVERYTHING = OptionalLong.empty();

  private final List<Text> texts;
  private final long longest;
  private final Map<OptionalLong, Mask> masks = new HashMap<>();

  /**
   * Tokens that stand one after the other.
   *
   * @param before how many of the same text stand before them
   * @param length how many they are
   */
  record Text(long before, long length) {
    long end() {
      return before + length;
    }

    /** Whether each token sees all before it, and there are none but these. */
    boolean isPlain(OptionalLong window) {
      return before == 0 && length <= window.orElse(length);
    }

    /** How many tokens stand before the last ones that are computed. */
    long furthest(long atOnce) {
      return before + (length - 1) / atOnce * atOnce;
    }
  }

  /**
   * Zero where a token sees another, −∞ where not.
   *
   * @param reach how many tokens before the first one there are
   * @param values {@code [tokens, reach + tokens]}
   */
  private record Mask(long reach, Tensor values) {
    Tensor of(Text text) {
      Tensor cut = values.narrow(0, 0, text.length()).narrow(1, reach - text.before(), text.end());
      return cut.is_cpu() ? cut : cut.contiguous(); // kernels read several numbers at once
    }
  }

  CausalAttention(List<Text> texts) {
    this.texts = texts;
    longest = texts.stream().mapToLong(Text::end).max().orElse(0);
  }

  /**
   * Attends to tokens before and among these.
   *
   * @param q {@code [batch, tokens, heads, dim]}
   * @param keys {@code [batch, groups, before + tokens, dim]}
   * @param values {@code [batch, groups, before + tokens, dim]}
   * @param window how many tokens each one sees, itself included; empty for all
   * @param dropout probability that a weight is dropped
   * @return {@code [batch, tokens, heads · dim]}
   */
  Tensor attend(Tensor q, Tensor keys, Tensor values, OptionalLong window, double dropout) {
    long length = q.size(1);
    long before = keys.size(2) - length;
    long atOnce = atOnce(length, q);
    if (atOnce == length && (before == 0 || window.isEmpty())) {
      return atOnce(q, keys, values, window, dropout);
    }
    TensorVector queries = q.split(atOnce, 1);
    List<Tensor> attended = new ArrayList<>();
    long from = before;
    for (long i = 0; i < queries.size(); i++) {
      Tensor some = queries.get(i);
      long end = from + some.size(1);
      long first = window.isPresent() ? Math.max(0, from + 1 - window.getAsLong()) : 0;
      Tensor seenKeys = keys.narrow(2, first, end - first);
      Tensor seenValues = values.narrow(2, first, end - first);
      attended.add(atOnce(some, seenKeys, seenValues, window, dropout));
      from = end;
    }
    return attended.size() == 1 ? attended.get(0) : OnePass.joined(1, attended);
  }

  private Tensor atOnce(Tensor q, Tensor keys, Tensor values, OptionalLong window, double dropout) {
    Text text = new Text(keys.size(2) - q.size(1), q.size(1));
    Tensor mask = isMasked(text, window, q) ? mask(window).of(text) : null;
    return Ops.attention(q.transpose(1, 2), keys, values, mask, mask == null, dropout)
        .transpose(1, 2)
        .flatten(2, 3);
  }

  private static long atOnce(long length, Tensor like) {
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
   * Whether it is by a mask that a token does not see another. It always is on the CPU, where
   * libtorch without a mask takes a query that is no number for one that sees nothing.
   */
  private static boolean isMasked(Text text, OptionalLong window, Tensor like) {
    return like.is_cpu() || !text.isPlain(window);
  }

  /** Makes the mask that a layer with this window will need, in the caller's scope. */
  void prepare(OptionalLong window, Tensor like) {
    List<Text> masked = texts.stream().filter(text -> isMasked(text, window, like)).toList();
    if (!masked.isEmpty()) {
      masks.computeIfAbsent(key(window), key -> made(masked, key, like));
    }
  }

  private Mask mask(OptionalLong window) {
    return requireNonNull(masks.get(key(window)), "no mask was prepared for " + window);
  }

  /** Windows that hide nothing are one. */
  private OptionalLong key(OptionalLong window) {
    return window.isPresent() && window.getAsLong() < longest ? window : EVERYTHING;
  }

  private static Mask made(List<Text> masked, OptionalLong window, Tensor like) {
    long rows = 0;
    long reach = 0;
    for (Text text : masked) {
      long atOnce = atOnce(text.length(), like);
      rows = Math.max(rows, atOnce);
      reach = Math.max(reach, text.furthest(atOnce));
    }
    reach = Math.min(reach, window.orElse(Long.MAX_VALUE) - 1);
    Tensor keys = Ops.range(0, reach + rows);
    Tensor queries = Ops.range(reach, reach + rows).unsqueeze(1);
    Tensor hidden = keys.gt(queries);
    if (window.isPresent()) {
      Tensor distance = queries.sub(keys);
      hidden = hidden.logical_or(distance.ge(new Scalar(window.getAsLong())));
    }
    Tensor there = hidden.to(like.device(), hidden.scalar_type());
    return new Mask(
        reach, torch.zeros(Ops.shape(there), like.options()).masked_fill_(there, NEVER));
  }
}
