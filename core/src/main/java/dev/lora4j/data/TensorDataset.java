package dev.lora4j.data;

import dev.lora4j.io.DType;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Examples that already are numbers: one tensor of inputs, one of classes, taken as they are. It
 * keeps both alive until it is closed, whatever scope they were made in.
 */
public final class TensorDataset implements Dataset, AutoCloseable {
  private final Tensor inputs;
  private final Tensor labels;

  private TensorDataset(Tensor inputs, Tensor labels) {
    this.inputs = inputs.retainReference();
    this.labels = labels.retainReference();
  }

  /**
   * A dataset of features.
   *
   * @param inputs {@code [n, …]}
   * @param labels {@code [n]}, int64
   */
  public static TensorDataset of(Tensor inputs, Tensor labels) {
    checkLabels(inputs, labels);
    return new TensorDataset(inputs, labels);
  }

  static void checkLabels(Tensor inputs, Tensor labels) {
    boolean whole = DType.of(labels.scalar_type()).filter(DType.I64::equals).isPresent();
    if (!whole || labels.dim() != 1 || inputs.dim() < 1 || inputs.size(0) != labels.size(0)) {
      throw new IllegalArgumentException(
          "expected inputs [n, …] and int64 labels [n], found "
              + Arrays.toString(inputs.shape())
              + " and "
              + labels.scalar_type()
              + " "
              + Arrays.toString(labels.shape()));
    }
  }

  @Override
  public long size() {
    return labels.size(0);
  }

  @Override
  public Batch gather(Tensor indices) {
    return new Batch(inputs.index_select(0, indices), labels.index_select(0, indices));
  }

  @Override
  public void close() {
    inputs.releaseReference();
    labels.releaseReference();
  }
}
