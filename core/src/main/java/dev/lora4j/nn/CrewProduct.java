package dev.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Work for which no gradient is wanted, shared by the thread's {@link Crew}: of a single row each
 * part computes some of the outputs, of many rows some of the rows, of attention some of the heads.
 */
final class CrewProduct {
  private static final long WORTH_SHARING = 1 << 17; // multiplications; fewer take 50 µs

  private CrewProduct() {}

  /** Whether a product is to be shared. */
  static boolean suits(Tensor x, Tensor weight) {
    return Crew.ofThisThread() != null
        && !GradMode.is_enabled()
        && x.is_cpu()
        && x.dim() >= 2
        && x.size(-1) == weight.size(1)
        && x.numel() / weight.size(1) * weight.numel() >= WORTH_SHARING
        && isSingle(x)
        && isSingle(weight);
  }

  private static boolean isSingle(Tensor tensor) {
    return tensor.scalar_type().intern() == ScalarType.Float;
  }

  /** {@code x Wᵀ}, {@code [batch…, out]}. */
  static Tensor linear(Tensor x, Tensor weight) {
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = weight.size(0);
    Tensor y = torch.empty(shape, x.options(), null);
    if (x.numel() == weight.size(1)) {
      oneRow(x.reshape(-1), weight, y.view(-1));
    } else {
      rows(x.reshape(-1, weight.size(1)), weight.t(), y.view(-1, weight.size(0)));
    }
    return y;
  }

  /** Whether the products of a single row with all these weights are to be one task. */
  static boolean suitsTogether(Tensor x, List<Tensor> weights) {
    Tensor first = weights.get(0);
    return x.numel() == first.size(1)
        && suits(x, first)
        && weights.stream().allMatch(w -> w.size(1) == first.size(1) && isSingle(w));
  }

  /** {@code x Wᵀ} for each of them, {@code [batch…, out]}. */
  static List<Tensor> oneRow(Tensor x, List<Tensor> weights) {
    long[] ends = new long[weights.size()];
    long total = 0;
    for (int i = 0; i < ends.length; i++) {
      total += weights.get(i).size(0);
      ends[i] = total;
    }
    Tensor row = x.reshape(-1);
    Tensor all = torch.empty(new long[] {total}, x.options(), null);
    parts(total, (from, count) -> someOutputs(row, weights, ends, all, from, from + count));
    return split(all, weights, Ops.shape(x));
  }

  private static List<Tensor> split(Tensor all, List<Tensor> weights, long[] shape) {
    long[] sizes = weights.stream().mapToLong(weight -> weight.size(0)).toArray();
    TensorVector parts = all.split_with_sizes(sizes, 0);
    List<Tensor> products = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      shape[shape.length - 1] = sizes[i];
      products.add(parts.get(i).view(shape));
    }
    return products;
  }

  private static void someOutputs(
      Tensor row, List<Tensor> weights, long[] ends, Tensor all, long from, long to) {
    for (int i = 0; i < ends.length; i++) {
      long begin = ends[i] - weights.get(i).size(0);
      long first = Math.max(from, begin);
      long count = Math.min(to, ends[i]) - first;
      if (count > 0) {
        torch.mv_out(
            all.narrow(0, first, count), weights.get(i).narrow(0, first - begin, count), row);
      }
    }
  }

  private static void oneRow(Tensor x, Tensor weight, Tensor y) {
    parts(
        weight.size(0),
        (from, count) -> torch.mv_out(y.narrow(0, from, count), weight.narrow(0, from, count), x));
  }

  private static void rows(Tensor x, Tensor transposed, Tensor y) {
    parts(
        x.size(0),
        (from, count) ->
            torch.mm_out(y.narrow(0, from, count), x.narrow(0, from, count), transposed));
  }

  /**
   * Attention of a single query of each head, {@code softmax(K q / √dim)ᵀ V}, by matrix-vector
   * products: the fused kernel is made for many queries, and takes thrice the time.
   *
   * @param q {@code [heads, dim]}
   * @param k {@code [groups, keys, dim]}, where groups divides heads
   * @param v {@code [groups, keys, dim]}
   * @return {@code [heads, dim]}
   */
  static Tensor attentionOfOne(Tensor q, Tensor k, Tensor v) {
    long heads = q.size(0);
    long served = heads / k.size(0);
    Tensor scores = torch.empty(new long[] {heads, k.size(1)}, q.options(), null);
    Tensor y = torch.empty_like(q);
    TensorVector queries = q.mul(new Scalar(1 / Math.sqrt(q.size(1)))).unbind(0);
    TensorVector keys = k.unbind(0);
    TensorVector values = v.transpose(1, 2).unbind(0);
    TensorVector scoresOf = scores.unbind(0);
    TensorVector outputs = y.unbind(0);
    parts(
        heads,
        (from, count) -> {
          for (long head = from; head < from + count; head++) {
            torch.mv_out(scoresOf.get(head), keys.get(head / served), queries.get(head));
          }
          TensorVector weights = scores.narrow(0, from, count).softmax(-1).unbind(0);
          for (long head = from; head < from + count; head++) {
            torch.mv_out(outputs.get(head), values.get(head / served), weights.get(head - from));
          }
        });
    return y;
  }

  /** Whether heads are to be shared. */
  static boolean suitsHeads(Tensor q, Tensor k) {
    return Crew.ofThisThread() != null
        && !GradMode.is_enabled()
        && q.size(1) > 1
        && q.size(2) * k.size(2) * q.size(1) * q.size(3) >= WORTH_SHARING;
  }

  /** What heads give that are all of these groups, or some of one. */
  interface SomeHeads {
    Tensor attend(Tensor q, Tensor k, Tensor v);
  }

  /** {@code [batch, heads, tokens, dim]}, laid out as {@code [batch, tokens, heads, dim]}. */
  static Tensor attention(Tensor q, Tensor k, Tensor v, SomeHeads attention) {
    long served = q.size(1) / k.size(1);
    long[] shape = {q.size(0), q.size(2), q.size(1), q.size(3)};
    Tensor y = torch.empty(shape, q.options(), null).transpose(1, 2);
    parts(
        q.size(1),
        (from, count) -> {
          long end = from + count;
          for (long head = from, some; head < end; head += some) {
            some = together(head, end, served);
            long groups = Math.max(1, some / served);
            Tensor attended =
                attention.attend(
                    q.narrow(1, head, some),
                    k.narrow(1, head / served, groups),
                    v.narrow(1, head / served, groups));
            y.narrow(1, head, some).copy_(attended);
          }
        });
    return y;
  }

  /** How many heads from this one on are all of some groups; if none are, what is left of one. */
  private static long together(long head, long end, long served) {
    long begun = head % served;
    long whole = (end - head) / served * served;
    return begun == 0 && whole > 0 ? whole : Math.min(end - head, served - begun);
  }

  /** Computes some of a whole. */
  interface Range {
    void compute(long from, long count);
  }

  /** Whether what is computed of each row alone is to be shared. */
  static boolean suitsRows(Tensor x) {
    return Crew.ofThisThread() != null
        && !GradMode.is_enabled()
        && x.is_cpu()
        && x.is_contiguous()
        && x.numel() >= WORTH_SHARING;
  }

  /** Lets each of the crew compute a part; without one, the caller computes all. */
  static void parts(long size, Range range) {
    Crew crew = Crew.ofThisThread();
    if (crew == null) {
      range.compute(0, size);
      return;
    }
    int parts = (int) Math.min(size, crew.size());
    crew.run(
        part -> {
          if (part >= parts) {
            return;
          }
          long from = size * part / parts;
          long count = size * (part + 1) / parts - from;
          try (PointerScope scope = new PointerScope();
              NoGradGuard guard = new NoGradGuard()) {
            range.compute(from, count);
          }
        });
  }
}
