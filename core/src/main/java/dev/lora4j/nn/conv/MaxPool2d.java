package dev.lora4j.nn.conv;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Max pooling over windows of an image: PyTorch's {@code nn.MaxPool2d}. */
public final class MaxPool2d extends Module {
  private static final long[] NO_DILATION = {1, 1};

  private final long[] kernel;
  private final long[] stride;
  private final long[] padding;

  /** Creates pooling over adjacent windows of this side. */
  public MaxPool2d(long kernel) {
    this(kernel, kernel, 0);
  }

  /** Creates pooling by side, step and cells of −∞ around the image, at most half the window. */
  public MaxPool2d(long kernel, long stride, long padding) {
    this(twice(kernel), twice(stride), twice(padding));
  }

  private MaxPool2d(long[] kernel, long[] stride, long[] padding) {
    for (int axis = 0; axis < 2; axis++) {
      Checks.positive("kernel_size", kernel[axis]);
      Checks.positive("stride", stride[axis]);
      if (padding[axis] < 0 || padding[axis] > kernel[axis] / 2) {
        throw new UserError("padding must be in [0, kernel_size / 2], found " + padding[axis]);
      }
    }
    this.kernel = kernel.clone();
    this.stride = stride.clone();
    this.padding = padding.clone();
  }

  /** Returns pooling over rectangular windows; each array holds rows, then columns. */
  public static MaxPool2d uneven(long[] kernel, long[] stride, long[] padding) {
    return new MaxPool2d(kernel, stride, padding);
  }

  private static long[] twice(long side) {
    return new long[] {side, side};
  }

  /**
   * @param input {@code [batch, channels, height, width]}
   * @return {@code [batch, channels, fewer rows, fewer columns]}
   */
  @Override
  public Tensor forward(Tensor input) {
    return input.requires_grad()
            || isPadded()
            || isOfOneCell()
            || !Ops.isPlainCpuImage(input)
            || isSmall(input)
        ? torch.max_pool2d(input, kernel, stride, padding, NO_DILATION, false)
        : maxima(maxima(input, 0), 1);
  }

  private boolean isPadded() {
    return padding[0] > 0 || padding[1] > 0;
  }

  /** A window of one cell would give a view of the input, not a copy. */
  private boolean isOfOneCell() {
    return kernel[0] == 1 && kernel[1] == 1;
  }

  private boolean isSmall(Tensor input) {
    return input.size(2) < kernel[0] || input.size(3) < kernel[1];
  }

  /**
   * Returns the maxima of the windows along one axis: without indices, which only a backward needs,
   * in a seventh of the time.
   */
  private Tensor maxima(Tensor input, int axis) {
    long windows = (input.size(2 + axis) - kernel[axis]) / stride[axis] + 1;
    Tensor result = everyWindow(input, axis, 0, windows);
    for (long cell = 1; cell < kernel[axis]; cell++) {
      result = torch.maximum(result, everyWindow(input, axis, cell, windows));
    }
    return result;
  }

  private Tensor everyWindow(Tensor input, int axis, long cell, long windows) {
    long end = cell + (windows - 1) * stride[axis] + 1;
    return input.slice(2 + axis, new LongOptional(cell), new LongOptional(end), stride[axis]);
  }
}
