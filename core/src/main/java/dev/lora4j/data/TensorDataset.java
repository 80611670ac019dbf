package dev.lora4j.data;

import dev.lora4j.io.DType;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** A data set of two tensors, inputs and targets, which it keeps alive until it is closed. */
public final class TensorDataset implements Dataset, AutoCloseable {
  private final Tensor inputs;
  private final Tensor targets;

  private TensorDataset(Tensor inputs, Tensor targets) {
    this.inputs = inputs.retainReference();
    this.targets = targets.retainReference();
  }

  /**
   * Returns a data set for classification.
   *
   * @param inputs {@code [n, …]}
   * @param labels {@code [n]}, int64
   */
  public static TensorDataset of(Tensor inputs, Tensor labels) {
    checkLabels(inputs, labels);
    return new TensorDataset(inputs, labels);
  }

  /**
   * Returns a data set for regression.
   *
   * @param inputs {@code [n, …]}
   * @param numbers {@code [n]}, float
   */
  public static TensorDataset ofNumbers(Tensor inputs, Tensor numbers) {
    checkTargets(inputs, numbers, DType.F32, "float targets");
    return new TensorDataset(inputs, numbers);
  }

  public static void checkLabels(Tensor inputs, Tensor labels) {
    checkTargets(inputs, labels, DType.I64, "int64 labels");
  }

  private static void checkTargets(Tensor inputs, Tensor targets, DType type, String what) {
    boolean fits = DType.of(targets.scalar_type()).filter(type::equals).isPresent();
    if (!fits || targets.dim() != 1 || inputs.dim() < 1 || inputs.size(0) != targets.size(0)) {
      throw new IllegalArgumentException(
          "expected inputs [n, …] and %s [n], found %s and %s %s"
              .formatted(
                  what,
                  Arrays.toString(inputs.shape()),
                  targets.scalar_type(),
                  Arrays.toString(targets.shape())));
    }
  }

  @Override
  public long size() {
    return targets.size(0);
  }

  @Override
  public Batch gather(Tensor indices) {
    return new Batch(inputs.index_select(0, indices), targets.index_select(0, indices));
  }

  @Override
  public void close() {
    inputs.releaseReference();
    targets.releaseReference();
  }
}
