package dev.lora4j.nn;

import static java.util.Objects.requireNonNull;

import dev.lora4j.row.PlainMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Work for which no gradient is wanted, shared by the thread's {@link Crew}: of a single row each
 * part computes some of the outputs, of many rows some of the rows, of attention some of the heads.
 */
final class CrewProduct {
  private static final long WORTH_SHARING = 1 << 17; // multiplications; fewer take 50 µs
  private static final long LEAST_PIECE = 1 << 15; // multiplications, 10 µs

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
    if (x.numel() == weight.size(1) && PlainMatrix.isOne(weight)) {
      return oneRow(x, List.of(weight)).get(0);
    }
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = weight.size(0);
    Tensor y = torch.empty(shape, x.options(), null);
    rows(x.reshape(-1, weight.size(1)), weight.t(), y.view(-1, weight.size(0)));
    return y;
  }

  /** Whether the products of a single row with all these weights are to be one task. */
  static boolean suitsTogether(Tensor x, List<Tensor> weights) {
    Tensor first = weights.get(0);
    return x.numel() == first.size(1)
        && suits(x, first)
        && weights.stream().allMatch(w -> w.size(1) == first.size(1) && PlainMatrix.isOne(w));
  }

  /** A matrix among others whose outputs are counted on. */
  private record Place(PlainMatrix matrix, FloatPointer outputs, long begin) {

    void compute(FloatPointer x, long from, long to) {
      long first = Math.max(from - begin, 0);
      long count = Math.min(to - begin, matrix.rows()) - first;
      if (count > 0) {
        matrix.rows(first, count).multiply(x, 1, PlainMatrix.at(outputs, first));
      }
    }
  }

  /** {@code x Wᵀ} for each of them, {@code [batch…, out]}. */
  static List<Tensor> oneRow(Tensor x, List<Tensor> weights) {
    long[] shape = Ops.shape(x);
    List<Tensor> products = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    long outputs = 0;
    for (Tensor weight : weights) {
      PlainMatrix matrix = PlainMatrix.of(weight);
      shape[shape.length - 1] = matrix.rows();
      Tensor product = Ops.empty(shape);
      products.add(product);
      places.add(new Place(matrix, PlainMatrix.memory(product), outputs));
      outputs += matrix.rows();
    }
    Tensor row = x.contiguous();
    FloatPointer numbers = PlainMatrix.memory(row);
    taken(
        outputs,
        Math.max(1, LEAST_PIECE / row.numel()),
        (from, to) -> places.forEach(place -> place.compute(numbers, from, to)));
    return products;
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

  /** Lets whoever of the crew is free take some more: much at first, little at the end. */
  private static void taken(long size, long least, Piece piece) {
    Crew crew = requireNonNull(Crew.ofThisThread());
    long takers = 2L * crew.size();
    AtomicLong done = new AtomicLong();
    crew.run(
        part -> {
          for (long from = done.get(); from < size; from = done.get()) {
            long to = Math.min(size, from + Math.max(least, (size - from) / takers));
            if (done.compareAndSet(from, to)) {
              piece.compute(from, to);
            }
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
