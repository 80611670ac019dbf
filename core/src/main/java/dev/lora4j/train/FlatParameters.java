package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Trainable parameters moved side by side into one block, so that one operation changes all. */
final class FlatParameters implements AutoCloseable {
  private final List<Parameter> parameters;
  private final Tensor block;

  FlatParameters(List<Parameter> parameters) {
    if (parameters.isEmpty()) {
      throw new UserError("nothing to train: every parameter is frozen");
    }
    this.parameters = parameters;
    try (PointerScope scope = new PointerScope()) {
      long total = parameters.stream().mapToLong(Parameter::numel).sum();
      block = Ops.keep(torch.empty(new long[] {total}, parameters.get(0).value().options(), null));
      long offset = 0;
      for (Parameter parameter : parameters) {
        parameter.moveInto(block.narrow(0, offset, parameter.numel()));
        offset += parameter.numel();
      }
    }
  }

  /** {@code [n]}: all values, in the order of the parameters. */
  Tensor block() {
    return block;
  }

  /** Tells the parameters that the block was written to. */
  void changed() {
    parameters.forEach(Parameter::changed);
  }

  /** Lets go of the block; the parameters keep living in it. */
  @Override
  public void close() {
    block.deallocate();
  }
}
