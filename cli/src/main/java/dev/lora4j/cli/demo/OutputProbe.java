package dev.lora4j.cli.demo;

import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Compares the outputs of a network for a few inputs with its earlier outputs. */
final class OutputProbe implements AutoCloseable {
  private final Tensor inputs;
  private Tensor remembered = Ops.keep(Ops.zeros(0));

  private OutputProbe(Tensor inputs) {
    this.inputs = inputs;
  }

  /** Takes the first examples of a dataset as inputs. */
  static OutputProbe of(Dataset data, long count, Device device) {
    try (PointerScope scope = new PointerScope()) {
      long[] first = LongStream.range(0, Math.min(count, data.size())).toArray();
      return new OutputProbe(Ops.keep(data.gather(Ops.tensor(first)).to(device).inputs()));
    }
  }

  void remember(Module network) {
    remembered.deallocate();
    try (PointerScope scope = new PointerScope()) {
      remembered = Ops.keep(outputs(network));
    }
  }

  /** Returns true if the outputs equal the earlier ones bit for bit. */
  boolean isAsRemembered(Module network) {
    try (PointerScope scope = new PointerScope()) {
      return torch.equal(outputs(network), remembered);
    }
  }

  /** Returns the largest difference from the earlier outputs. */
  double difference(Module network) {
    try (PointerScope scope = new PointerScope()) {
      return outputs(network).sub(remembered).abs().max().item_double();
    }
  }

  private Tensor outputs(Module network) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return network.forward(inputs);
    }
  }

  @Override
  public void close() {
    inputs.deallocate();
    remembered.deallocate();
  }
}
