package dev.lora4j.nn.conv;

import dev.lora4j.nn.Parameter;
import org.jspecify.annotations.Nullable;

/** A convolution over {@code [batch, in, length]}: PyTorch's {@code nn.Conv1d}. */
public final class Conv1d extends Conv {

  public Conv1d(long inChannels, long outChannels, long kernelSize) {
    this(inChannels, outChannels, ConvOptions.kernel(kernelSize));
  }

  public Conv1d(long inChannels, long outChannels, ConvOptions options) {
    super(1, inChannels, outChannels, options);
  }

  Conv1d(Parameter weight, @Nullable Parameter bias, ConvOptions options) {
    super(weight, bias, options);
  }
}
