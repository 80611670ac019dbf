package dev.lora4j.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * A mini-batch of examples.
 *
 * @param inputs {@code [batch, …]}, float
 * @param targets {@code [batch]}: class indices (int64), or regression targets (float)
 */
public record Batch(Tensor inputs, Tensor targets) {

  public long size() {
    return targets.size(0);
  }

  /** Returns this batch on a device; the same object if it is already there. */
  public Batch to(Device device) {
    return inputs.device().equals(device)
        ? this
        : new Batch(
            inputs.to(device, inputs.scalar_type()), targets.to(device, targets.scalar_type()));
  }

  /** Returns views of the examples {@code from} (inclusive) to {@code from + count} (exclusive). */
  public Batch slice(long from, long count) {
    return new Batch(inputs.narrow(0, from, count), targets.narrow(0, from, count));
  }
}
