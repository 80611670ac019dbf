package dev.lora4j.data;

import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** Some examples of a data set, such as a validation split. */
public final class Subset implements Dataset {
  private final Dataset all;
  private final long[] indices;

  /**
   * @param indices the examples, each in {@code [0, all.size())}
   */
  public Subset(Dataset all, long... indices) {
    this.all = all;
    this.indices = indices.clone();
  }

  @Override
  public long size() {
    return indices.length;
  }

  @Override
  public Batch gather(Tensor wanted) {
    long[] chosen =
        Arrays.stream(Ops.longs(wanted)).map(i -> indices[Math.toIntExact(i)]).toArray();
    return all.gather(Ops.tensor(chosen));
  }
}
