package dev.lora4j.models;

import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Ops;
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
  private static final long AT_ONCE = 64;

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
  }

  /**
   * Zero where a token sees another, −∞ where not.
   *
   * @param reach how many tokens before the first one there are
   * @param values {@code [tokens, reach + tokens]}
   */
  private record Mask(long reach, Tensor values) {
    Tensor of(long past, long count) {
      return values.narrow(0, 0, count).narrow(1, reach - past, past + count);
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
    TensorVector queries = q.split(atOnce(length, q), 1);
    List<Tensor> attended = new ArrayList<>();
    long from = before;
    for (long i = 0; i < queries.size(); i++) {
      Tensor some = queries.get(i);
      long end = from + some.size(1);
      long first = window.isPresent() ? Math.max(0, from + 1 - window.getAsLong()) : 0;
      Tensor seenKeys = keys.narrow(2, first, end - first);
      Tensor seenValues = values.narrow(2, first, end - first);
      attended.add(some(some, seenKeys, seenValues, window, dropout));
      from = end;
    }
    return attended.size() == 1 ? attended.get(0) : OnePass.joined(1, attended);
  }

  private Tensor some(Tensor q, Tensor keys, Tensor values, OptionalLong window, double dropout) {
    long count = q.size(1);
    long past = keys.size(2) - count;
    boolean plain = past == 0 && count <= window.orElse(count);
    Tensor mask = plain || count == 1 ? null : mask(window, q).of(past, count);
    return Ops.attention(q.transpose(1, 2), keys, values, mask, plain, dropout)
        .transpose(1, 2)
        .flatten(2, 3);
  }

  private static long atOnce(long length, Tensor like) {
    if (!like.is_cpu()) {
      return length;
    }
    long parts = Math.max(1, (length + AT_ONCE / 2) / AT_ONCE);
    return (length + parts - 1) / parts;
  }

  // ---- masks ----

  /** Makes the mask that a layer with this window will need, in the caller's scope. */
  void prepare(OptionalLong window, Tensor like) {
    if (texts.stream().anyMatch(text -> needsMask(text, window, like))) {
      mask(window, like);
    }
  }

  private static boolean needsMask(Text text, OptionalLong window, Tensor like) {
    long length = text.length();
    boolean plain = text.before() == 0 && length <= window.orElse(length);
    return length > 1 && !(plain && length == atOnce(length, like));
  }

  private Mask mask(OptionalLong window, Tensor like) {
    boolean narrow = window.isPresent() && window.getAsLong() < longest;
    return masks.computeIfAbsent(narrow ? window : EVERYTHING, w -> made(w, like));
  }

  private Mask made(OptionalLong window, Tensor like) {
    long rows = texts.stream().mapToLong(text -> atOnce(text.length(), like)).max().orElse(0);
    long reach = window.isPresent() ? window.getAsLong() - 1 : longest;
    Tensor keys = Ops.range(0, reach + rows);
    Tensor queries = Ops.range(reach, reach + rows).unsqueeze(1);
    Tensor hidden = keys.gt(queries);
    if (window.isPresent()) {
      hidden = hidden.logical_or(queries.sub(keys).gt(new Scalar(reach)));
    }
    Tensor there = hidden.to(like.device(), hidden.scalar_type());
    return new Mask(
        reach, torch.zeros(Ops.shape(there), like.options()).masked_fill_(there, NEVER));
  }
}
