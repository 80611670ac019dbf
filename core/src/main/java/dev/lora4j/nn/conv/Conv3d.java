package dev.lora4j.nn.conv;

import dev.lora4j.nn.Parameter;
import org.jspecify.annotations.Nullable;

/** A convolution over {@code [batch, in, depth, height, width]}: PyTorch's {@code nn.Conv3d}. */
public final class Conv3d extends Conv {

  public Conv3d(long inChannels, long outChannels, long kernelSize) {
    this(inChannels, outChannels, ConvOptions.kernel(kernelSize));
  }

  public Conv3d(long inChannels, long outChannels, ConvOptions options) {
    super(3, inChannels, outChannels, options);
  }

  Conv3d(Parameter weight, @Nullable Parameter bias, ConvOptions options) {
    super(weight, bias, options);
  }
}
