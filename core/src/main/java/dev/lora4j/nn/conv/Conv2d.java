package dev.lora4j.nn.conv;

import dev.lora4j.nn.Parameter;
import org.jspecify.annotations.Nullable;

/** A convolution over {@code [batch, in, height, width]}: PyTorch's {@code nn.Conv2d}. */
public final class Conv2d extends Conv {

  public Conv2d(long inChannels, long outChannels, long kernelSize) {
    this(inChannels, outChannels, ConvOptions.kernel(kernelSize));
  }

  public Conv2d(long inChannels, long outChannels, ConvOptions options) {
    super(2, inChannels, outChannels, options);
  }

  Conv2d(Parameter weight, @Nullable Parameter bias, ConvOptions options) {
    super(weight, bias, options);
  }
}
