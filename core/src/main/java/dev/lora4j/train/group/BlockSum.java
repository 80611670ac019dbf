package dev.lora4j.train.group;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The sum of blocks in their order, so that it has the same bits wherever it is computed. */
public final class BlockSum {
  private BlockSum() {}

  /**
   * Adds up blocks from the first to the last.
   *
   * @param blocks {@code [n]} each; without any, the sum is zero
   * @param sum {@code [n]}, receives the sum; may be the first of the blocks
   */
  public static void inOrder(List<Tensor> blocks, Tensor sum) {
    if (blocks.isEmpty()) {
      sum.zero_();
      return;
    }
    if (blocks.get(0).address() != sum.address()) {
      sum.copy_(blocks.get(0));
    }
    for (Tensor block : blocks.subList(1, blocks.size())) {
      sum.add_(block);
    }
  }
}
