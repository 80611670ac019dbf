package dev.lora4j.nn.conv;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import org.bytedeco.pytorch.Tensor;

/**
 * The choice between oneDNN's convolution and a matrix product with the windows of the images as
 * columns. OneDNN packs images, weights and gradients at each call, which costs more than the
 * product where there is little to multiply.
 */
final class ColumnConvolution {
  private ColumnConvolution() {}

  static boolean suits(Tensor input, Tensor weight, ConvOptions options) {
    return options.groups() == 1
        && options.dilation()[0] == 1
        && options.dilation()[1] == 1
        && Ops.isPlainCpuImage(input)
        && multiplications(input, weight, options) <= CostModel.COLUMN_CONVOLUTION_MAX;
  }

  private static long multiplications(Tensor input, Tensor weight, ConvOptions options) {
    long windows = windows(input, options, 0) * windows(input, options, 1);
    return input.size(0) * windows * weight.numel();
  }

  private static long windows(Tensor input, ConvOptions options, int axis) {
    long side = input.size(2 + axis) + 2 * options.padding()[axis];
    return (side - options.kernel()[axis]) / options.stride()[axis] + 1;
  }
}
