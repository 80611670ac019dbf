package dev.lora4j.lora.merge;

import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Compares the outputs of a network before and after a change of its weights. */
public final class OutputComparison {
  private double largest;
  private double sum;
  private double divergence;
  private long numbers;
  private long rows;
  private long agreeing;
  private int samples;

  /**
   * Adds the outputs for a sample. They are compared in double precision, which does not round.
   *
   * @param before {@code […, classes]}
   * @param after of the same shape
   */
  public void add(Tensor before, Tensor after) {
    try (PointerScope scope = new PointerScope()) {
      Tensor expected = rowsOf(before);
      Tensor found = rowsOf(after);
      Tensor apart = found.sub(expected).abs();
      double most = apart.max().item_double();
      largest = most >= 0 ? Math.max(largest, most) : Double.NaN;
      sum += apart.sum().item_double();
      numbers += apart.numel();
      Tensor logExpected = torch.log_softmax(expected, 1);
      Tensor logFound = torch.log_softmax(found, 1);
      divergence += logExpected.exp().mul(logExpected.sub(logFound)).sum().item_double();
      agreeing += Ops.argmaxOfRows(expected).eq(Ops.argmaxOfRows(found)).sum().item_long();
      rows += expected.size(0);
      samples++;
    }
  }

  private static Tensor rowsOf(Tensor output) {
    return output.to(ScalarType.Double).reshape(-1, output.size(-1));
  }

  /** Returns the result for all samples so far. */
  public MergeReceipt receipt() {
    return new MergeReceipt(
        samples, largest, sum / numbers, divergence / rows, (double) agreeing / rows);
  }
}
