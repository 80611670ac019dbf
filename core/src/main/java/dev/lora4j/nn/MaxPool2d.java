package dev.lora4j.nn;

import dev.lora4j.UserError;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The maximum of each window of an image: PyTorch's {@code nn.MaxPool2d}. */
public final class MaxPool2d extends Module {
  private static final long[] NO_DILATION = {1, 1};

  private final long[] kernel;
  private final long[] stride;
  private final long[] padding;

  /** Windows of this side that lie side by side. */
  public MaxPool2d(long kernel) {
    this(kernel, kernel, 0);
  }

  /**
   * @param kernel the window's side
   * @param stride the window's step
   * @param padding cells of −∞ put around the image, at most half the window
   */
  public MaxPool2d(long kernel, long stride, long padding) {
    this.kernel = square(Checks.positive("kernel_size", kernel));
    this.stride = square(Checks.positive("stride", stride));
    if (padding < 0 || padding > kernel / 2) {
      throw new UserError("padding must be in [0, kernel_size / 2], found " + padding);
    }
    this.padding = square(padding);
  }

  private static long[] square(long side) {
    return new long[] {side, side};
  }

  /**
   * @param input {@code [batch, channels, height, width]}
   * @return the same with fewer rows and columns
   */
  @Override
  public Tensor forward(Tensor input) {
    return torch.max_pool2d(input, kernel, stride, padding, NO_DILATION, false);
  }
}
