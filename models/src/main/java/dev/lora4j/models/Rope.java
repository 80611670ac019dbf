package dev.lora4j.models;

import dev.lora4j.nn.Ops;
import dev.lora4j.row.Turn;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Rotary position embeddings (Su et al. 2021, <a
 * href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a>, §3.4.2): the numbers {@code i} and
 * {@code i + dim/2} of a head are turned by {@code position · frequency[i]}.
 *
 * <p>The tables of cosines and sines grow to the last position that was asked for; threads share
 * them.
 */
final class Rope implements AutoCloseable {
  private static final long FIRST_ROWS = 256;

  /**
   * The turns of some positions, {@code [tokens, 1, dim]} or {@code [batch, tokens, 1, dim]}.
   *
   * @param cos the cosines, twice side by side
   * @param sin minus the sines, and the sines
   */
  record Turns(Tensor cos, Tensor sin) {

    /** Turns heads, {@code [batch, tokens, heads, dim]}. */
    Tensor apply(Tensor heads) {
      return Ops.turned(heads, cos, sin);
    }
  }

  private record Tables(Tensor cos, Tensor sin) {
    long rows() {
      return cos.size(0);
    }
  }

  private final float[] frequencies;
  private final List<Tables> made = new ArrayList<>();
  private volatile Tables tables;

  /**
   * @param frequencies radians by position, {@code dim / 2} of them
   */
  Rope(float[] frequencies) {
    this.frequencies = frequencies.clone();
    tables = make(FIRST_ROWS);
  }

  /** The turns of the tokens of a forward, as numbers of this kind. */
  Turns turns(Attention attention, Tensor like) {
    return attention
        .positions()
        .map(positions -> turnsAt(positions, like))
        .orElseGet(() -> turnsFrom(attention.past(), attention.length(), like));
  }

  private Turns turnsFrom(long first, long count, Tensor like) {
    Tables all = reaching(first + count);
    return turns(all.cos().narrow(0, first, count), all.sin().narrow(0, first, count), like);
  }

  private Turns turnsAt(Tensor positions, Tensor like) {
    Tables all = reaching(1 + positions.max().item_long());
    Tensor cpu = positions.cpu();
    return turns(torch.embedding(all.cos(), cpu), torch.embedding(all.sin(), cpu), like);
  }

  private static Turns turns(Tensor cos, Tensor sin, Tensor like) {
    return new Turns(cos.to(like).unsqueeze(-2), sin.to(like).unsqueeze(-2));
  }

  /** The turn of one position. */
  Turn turnAt(long position) {
    Tables all = reaching(position + 1);
    return new Turn(
        Ops.floats(all.cos().select(0, position)), Ops.floats(all.sin().select(0, position)));
  }

  private Tables reaching(long rows) {
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
      Tensor cos = angles.cos();
      Tensor sin = angles.sin();
      Tables wider = new Tables(sideBySide(cos, cos), sideBySide(sin.neg(), sin));
      made.add(wider);
      return wider;
    }
  }

  private static Tensor sideBySide(Tensor left, Tensor right) {
    return Ops.keep(torch.cat(new TensorVector(left, right), 1));
  }

  /** Frees the tables, the outgrown ones too: a thread may have been at work with them. */
  @Override
  public synchronized void close() {
    for (Tables old : made) {
      old.cos().deallocate();
      old.sin().deallocate();
    }
    made.clear();
  }
}
