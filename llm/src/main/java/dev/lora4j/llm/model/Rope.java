package dev.lora4j.llm.model;

import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Rotary position embeddings (Su et al. 2021, arXiv:2104.09864, §3.4.2): rotates the elements
 * {@code i} and {@code i + dim/2} of a head by {@code position · frequency[i]}. Threads share the
 * tables of cosines and sines, which grow to the highest position so far.
 */
public final class Rope implements AutoCloseable {
  private static final long FIRST_ROWS = 256;

  /** Rotations, {@code [(batch,) tokens, 1, dim]}; see {@link #cosines} and {@link #sines}. */
  public record Rotations(Tensor cos, Tensor sin) {

    /** Rotates heads, {@code [batch, tokens, heads, dim]}. */
    public Tensor apply(Tensor heads) {
      return Ops.rotated(heads, cos, sin);
    }
  }

  private record Tables(Tensor cos, Tensor sin) {
    long rows() {
      return cos.size(0);
    }
  }

  private final float[] frequencies;
  private final double magnitude;
  private final List<Tables> allTables = new ArrayList<>();
  private volatile Tables tables;

  /**
   * @param frequencies in radians per position, {@code dim / 2} of them
   * @param magnitude factor of all cosines and sines; its square scales the attention scores
   */
  public Rope(float[] frequencies, double magnitude) {
    this.frequencies = frequencies.clone();
    this.magnitude = magnitude;
    tables = make(FIRST_ROWS);
  }

  /** The rotations of a forward pass's tokens, with the dtype and device of {@code like}. */
  public Rotations rotations(AttentionContext attention, Tensor like) {
    return attention
        .positions()
        .map(positions -> at(positions, like))
        .orElseGet(() -> rotationsFrom(attention.past(), attention.length(), like));
  }

  private Rotations rotationsFrom(long first, long count, Tensor like) {
    Tables all = tablesFor(first + count);
    return rotations(all.cos().narrow(0, first, count), all.sin().narrow(0, first, count), like);
  }

  /**
   * The rotations at these positions, with the dtype and device of {@code like}.
   *
   * @param positions {@code [(batch,) tokens]}, int64
   */
  public Rotations at(Tensor positions, Tensor like) {
    Tables all = tablesFor(1 + positions.max().item_long());
    Tensor cpu = positions.cpu();
    return rotations(torch.embedding(all.cos(), cpu), torch.embedding(all.sin(), cpu), like);
  }

  private static Rotations rotations(Tensor cos, Tensor sin, Tensor like) {
    return new Rotations(cos.to(like).unsqueeze(-2), sin.to(like).unsqueeze(-2));
  }

  public int headDim() {
    return 2 * frequencies.length;
  }

  /** The cosines of one position, twice side by side, {@code [dim]}. */
  public float[] cosines(long position) {
    return Ops.floats(tablesFor(position + 1).cos().select(0, position));
  }

  /** Minus the sines of one position, then the sines, {@code [dim]}. */
  public float[] sines(long position) {
    return Ops.floats(tablesFor(position + 1).sin().select(0, position));
  }

  private Tables tablesFor(long rows) {
    Tables now = tables;
    return now.rows() >= rows ? now : grown(rows);
  }

  private synchronized Tables grown(long rows) {
    if (tables.rows() < rows) {
      tables = make(Math.max(rows, 2 * tables.rows()));
    }
    return tables;
  }

  private synchronized Tables make(long rows) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor positions = Ops.range(0, rows).to(torch.ScalarType.Float).unsqueeze(1);
      Tensor angles = positions.mul(Ops.tensor(frequencies, frequencies.length)); // [rows, dim / 2]
      Tensor cos = scaled(angles.cos());
      Tensor sin = scaled(angles.sin());
      Tables wider = new Tables(sideBySide(cos, cos), sideBySide(sin.neg(), sin));
      allTables.add(wider);
      return wider;
    }
  }

  private Tensor scaled(Tensor table) {
    return magnitude == 1 ? table : table.mul_(new Scalar(magnitude));
  }

  private static Tensor sideBySide(Tensor left, Tensor right) {
    return Ops.keep(torch.cat(new TensorVector(left, right), 1));
  }

  /** Frees the tables, outgrown ones too, which a thread may have been using until now. */
  @Override
  public synchronized void close() {
    for (Tables old : allTables) {
      old.cos().deallocate();
      old.sin().deallocate();
    }
    allTables.clear();
  }
}
