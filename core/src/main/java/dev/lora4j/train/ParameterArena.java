package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** One contiguous block that holds all trainable parameters, so that one operation updates all. */
final class ParameterArena implements AutoCloseable {
  private final List<Parameter> parameters;
  private final Tensor block;

  ParameterArena(List<Parameter> parameters) {
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

  /** {@code [n]}: the values of all parameters, in order. */
  Tensor block() {
    return block;
  }

  /** Marks the parameters as changed after a write to the block. */
  void changed() {
    parameters.forEach(Parameter::changed);
  }

  /** Releases the block; the parameters keep it alive. */
  @Override
  public void close() {
    block.deallocate();
  }
}
