package dev.lora4j.nn.conv;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import java.util.Arrays;

/**
 * The options of a convolution. Each array holds one value for all axes, or one for each axis:
 * {@code ConvOptions.kernel(3).withStride(2).withPadding(1).withoutBias()}.
 */
@SuppressWarnings("ArrayRecordComponent") // libtorch takes arrays; options are never compared
public record ConvOptions(
    long[] kernel, long[] stride, long[] padding, long[] dilation, long groups, boolean bias) {

  /** Returns PyTorch's defaults: stride 1, no padding, dilation 1, one group, a bias. */
  public static ConvOptions kernel(long... size) {
    long[] one = {1};
    return new ConvOptions(size.clone(), one, new long[] {0}, one, 1, true);
  }

  public ConvOptions withStride(long... stride) {
    return new ConvOptions(kernel, stride.clone(), padding, dilation, groups, bias);
  }

  public ConvOptions withPadding(long... padding) {
    return new ConvOptions(kernel, stride, padding.clone(), dilation, groups, bias);
  }

  public ConvOptions withDilation(long... dilation) {
    return new ConvOptions(kernel, stride, padding, dilation.clone(), groups, bias);
  }

  public ConvOptions withGroups(long groups) {
    return new ConvOptions(kernel, stride, padding, dilation, groups, bias);
  }

  public ConvOptions withoutBias() {
    return new ConvOptions(kernel, stride, padding, dilation, groups, false);
  }

  /** Returns the options with one value for each axis. */
  ConvOptions spread(int axes) {
    return new ConvOptions(
        spread(axes, "kernel", kernel, 1),
        spread(axes, "stride", stride, 1),
        spread(axes, "padding", padding, 0),
        spread(axes, "dilation", dilation, 1),
        Checks.positive("groups", groups),
        bias);
  }

  private static long[] spread(int axes, String name, long[] given, long least) {
    for (long value : given) {
      Checks.atLeast(least, name, value);
    }
    if (given.length == axes) {
      return given;
    }
    if (given.length != 1) {
      throw new UserError(
          name + " takes one value or " + axes + ", found " + Arrays.toString(given));
    }
    long[] result = new long[axes];
    Arrays.fill(result, given[0]);
    return result;
  }
}
