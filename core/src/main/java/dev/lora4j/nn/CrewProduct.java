package dev.lora4j.nn;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
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
  private static final long PIECE = 1 << 18; // multiplications, of which a row's product has many

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
    if (x.numel() == weight.size(1) && PlainMatrix.isOne(weight)) {
      oneRow(x.reshape(-1).contiguous(), List.of(weight), y);
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
        && weights.stream().allMatch(w -> w.size(1) == first.size(1) && PlainMatrix.isOne(w));
  }

  /** {@code x Wᵀ} for each of them, {@code [batch…, out]}. */
  static List<Tensor> oneRow(Tensor x, List<Tensor> weights) {
    long total = weights.stream().mapToLong(weight -> weight.size(0)).sum();
    Tensor all = torch.empty(new long[] {total}, x.options(), null);
    oneRow(x.reshape(-1).contiguous(), weights, all);
    return split(all, weights, Ops.shape(x));
  }

  /** The outputs one after the other, in pieces of which the quicker thread takes more. */
  private static void oneRow(Tensor row, List<Tensor> weights, Tensor outputs) {
    FloatPointer x = PlainMatrix.memory(row);
    FloatPointer y = PlainMatrix.memory(outputs);
    List<PlainMatrix> matrices = weights.stream().map(PlainMatrix::of).toList();
    long pieces = outputs.numel() * row.numel() / PIECE;
    taken(outputs.numel(), pieces, (from, to) -> someOutputs(x, matrices, y, from, to));
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
      FloatPointer x, List<PlainMatrix> matrices, FloatPointer y, long from, long to) {
    long end = 0;
    for (PlainMatrix matrix : matrices) {
      long begin = end;
      end += matrix.rows();
      long first = Math.max(from, begin);
      long count = Math.min(to, end) - first;
      if (count > 0) {
        matrix.rows(first - begin, count).multiply(x, 1, PlainMatrix.at(y, first));
      }
    }
  }

  private static void rows(Tensor x, Tensor transposed, Tensor y) {
    parts(
        x.size(0),
        (from, count) ->
            torch.mm_out(y.narrow(0, from, count), x.narrow(0, from, count), transposed));
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

  private interface Piece {
    void compute(long from, long to);
  }

  /** Lets whoever of the crew is free take the next of so many pieces, at least one for each. */
  private static void taken(long size, long pieces, Piece piece) {
    Crew crew = requireNonNull(Crew.ofThisThread());
    long count = Math.max(crew.size(), pieces);
    AtomicLong next = new AtomicLong();
    crew.run(
        part -> {
          for (long i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            piece.compute(size * i / count, size * (i + 1) / count);
          }
        });
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
