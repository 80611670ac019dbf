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
 * Cosines and sines of the rotary position embeddings, {@code [rows, dim]}. Threads share the
 * tables, which grow to the highest position so far.
 */
final class RopeTables implements AutoCloseable {
  private static final long FIRST_ROWS = 256;

  /** The cosines, twice side by side; minus the sines, then the sines. */
  record Tables(Tensor cos, Tensor sin) {
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
   * @param magnitude factor of all cosines and sines
   */
  RopeTables(float[] frequencies, double magnitude) {
    this.frequencies = frequencies.clone();
    this.magnitude = magnitude;
    tables = make(FIRST_ROWS);
  }

  /** Returns tables with at least this number of positions. */
  Tables of(long rows) {
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
