package dev.lora4j.lora.init;

import dev.lora4j.lora.layer.Svd;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Incremental principal component analysis, batch by batch, in double precision (Ross et al. 2008,
 * "Incremental learning for robust visual tracking", §3): the previous components are appended to
 * each batch as rows.
 */
public final class IncrementalPca implements AutoCloseable {
  private static final int ITERATIONS = 4; // these two and the doubled rank below as in PEFT
  private static final long SEED = 42;
  private static final double NO_DEVIATION = Double.MIN_NORMAL; // a constant input explains nothing

  private final int components;
  private long rowsSeen;
  private double deviation; // sum of squared distances to the mean
  private @Nullable Tensor mean; // [in]
  private @Nullable Tensor directions; // [k, in]
  private @Nullable Tensor lengths; // [k]

  public IncrementalPca(int components) {
    this.components = components;
  }

  /** Returns whether there are enough rows for an update. */
  boolean canTake(Tensor rows) {
    return rows.size(0) >= components;
  }

  /**
   * Updates the components with more rows.
   *
   * @param input {@code [rows, in]}
   * @return the cosine similarity of each component with its previous value, {@code [k]}; NaN at
   *     first
   */
  public float[] add(Tensor input) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = input.detach().cpu().to(ScalarType.Double);
      long count = rows.size(0);
      Tensor batchMean = rows.mean(0);
      Tensor centred = rows.sub(batchMean);
      Tensor stacked = centred;
      Tensor newMean = batchMean;
      double newDeviation = deviation + sumOfSquares(centred);
      if (mean != null && directions != null && lengths != null) {
        Tensor drift = mean.sub(batchMean);
        double weight = (double) rowsSeen * count / (rowsSeen + count);
        Tensor correction = drift.mul(new Scalar(Math.sqrt(weight))).unsqueeze(0);
        stacked = Ops.join(0, lengths.unsqueeze(1).mul(directions), centred, correction);
        newMean = batchMean.add(drift, new Scalar((double) rowsSeen / (rowsSeen + count)));
        newDeviation += weight * sumOfSquares(drift);
      }
      float[] similarity = become(largest(stacked), newMean);
      rowsSeen += count;
      deviation = newDeviation;
      return similarity;
    }
  }

  private static double sumOfSquares(Tensor tensor) {
    return tensor.square().sum().item_double();
  }

  private Svd largest(Tensor rows) {
    long rank = Math.min(2L * components, Math.min(rows.size(0), rows.size(1)));
    GeneratorOptional random = new GeneratorOptional(torch.make_generator_cpu(SEED));
    return Svd.nearly(rows, rank, ITERATIONS, random).top(components);
  }

  private float[] become(Svd found, Tensor newMean) {
    Tensor signed = withLargestPositive(found.vt());
    float[] similarity =
        directions == null
            ? nothingBefore()
            : Ops.floats(signed.mul(directions).sum(1)); // both have length one
    close();
    mean = Ops.keep(newMean);
    directions = Ops.keep(signed);
    lengths = Ops.keep(found.s());
    return similarity;
  }

  private float[] nothingBefore() {
    float[] unknown = new float[components];
    Arrays.fill(unknown, Float.NaN);
    return unknown;
  }

  /** Fixes the arbitrary sign of each direction: the entry of largest magnitude is positive. */
  private static Tensor withLargestPositive(Tensor rows) {
    Tensor place = Ops.argmaxOfRows(rows.abs()).unsqueeze(1);
    return rows.mul(rows.gather(1, place).sign());
  }

  boolean hasComponents() {
    return directions != null;
  }

  /** Returns the explained variance ratio of each component in descending order, {@code [k]}. */
  public float[] explained() {
    try (PointerScope scope = new PointerScope()) {
      return Ops.floats(
          learned(lengths).square().div(new Scalar(Math.max(deviation, NO_DEVIATION))));
    }
  }

  /** Returns the first components, {@code [rank, in]}, in float32; the caller owns them. */
  public Tensor components(long rank, boolean whiten) {
    Tensor first = learned(directions).narrow(0, 0, rank);
    if (whiten) {
      first = first.div(learned(lengths).narrow(0, 0, rank).sqrt().unsqueeze(1));
    }
    return first.to(ScalarType.Float);
  }

  private static Tensor learned(@Nullable Tensor tensor) {
    if (tensor == null) {
      throw new IllegalStateException("no input has been added yet");
    }
    return tensor;
  }

  @Override
  public void close() {
    if (mean != null && directions != null && lengths != null) {
      mean.deallocate();
      directions.deallocate();
      lengths.deallocate();
      mean = null;
      directions = null;
      lengths = null;
    }
  }
}
