package dev.lora4j.data;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * Examples that go through the network together.
 *
 * @param inputs {@code [batch, …]}, float
 * @param targets {@code [batch]}: the class of each example, int64, or its number, float
 */
public record Batch(Tensor inputs, Tensor targets) {

  /** Number of examples. */
  public long size() {
    return targets.size(0);
  }

  /** The same on a device; itself if it is there already. */
  public Batch to(Device device) {
    return inputs.device().equals(device)
        ? this
        : new Batch(
            inputs.to(device, inputs.scalar_type()), targets.to(device, targets.scalar_type()));
  }

  /** Examples {@code from} (inclusive) to {@code from + count}, as views. */
  public Batch slice(long from, long count) {
    return new Batch(inputs.narrow(0, from, count), targets.narrow(0, from, count));
  }
}
