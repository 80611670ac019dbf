package dev.lora4j.nn.kernel;

import dev.lora4j.nn.kernel.LinearWeights.LowRank;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * The inputs and outputs of a layer in plain memory, to ranges of whose rows low-rank terms are
 * added. Tensors for the parts of each range would take as long as its products.
 */
public final class LowRankRows {
  private final FloatMatrix x;
  private final FloatMatrix y;

  private LowRankRows(FloatMatrix x, FloatMatrix y) {
    this.x = x;
    this.y = y;
  }

  /**
   * Returns the rows of these tensors, which must outlive it; empty unless both are float32 in
   * plain CPU memory without gradients.
   *
   * @param y {@code [n, out]}
   * @param x {@code [n, in]}
   */
  public static Optional<LowRankRows> of(Tensor y, Tensor x) {
    return !GradMode.is_enabled() && isRows(y) && isRows(x)
        ? Optional.of(new LowRankRows(FloatMatrix.of(x), FloatMatrix.of(y)))
        : Optional.empty();
  }

  private static boolean isRows(Tensor tensor) {
    return FloatMatrix.isOne(tensor) && tensor.stride(1) == 1;
  }

  /** Adds {@code scale · B A x} to {@code count} rows of y from the first on. */
  public void add(LowRank term, long first, long count) {
    long rank = term.a().rows();
    try (FloatPointer memory = new FloatPointer(rank * count)) {
      FloatMatrix features = FloatMatrix.rowsAt(memory, 0, rank, count); // as in LowRankProduct
      features.setProduct(term.a(), x.rows(first, count).t());
      y.rows(first, count).addProduct(features.t(), term.b().t(), term.scale());
    }
  }
}
