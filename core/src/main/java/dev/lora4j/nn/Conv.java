package dev.lora4j.nn;

import dev.lora4j.UserError;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What convolutions over one, two and three axes share: weight {@code [out, in / groups, kernel…]}
 * and bias {@code [out]}, initialised as PyTorch does.
 */
public abstract sealed class Conv extends Module permits Conv1d, Conv2d, Conv3d {
  private final ConvOptions options;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  Conv(int axes, long inChannels, long outChannels, ConvOptions given) {
    options = given.spread(axes);
    Checks.positive("in_channels", inChannels);
    Checks.positive("out_channels", outChannels);
    if (inChannels % options.groups() != 0 || outChannels % options.groups() != 0) {
      throw new UserError(
          "groups = %d must divide in_channels = %d and out_channels = %d"
              .formatted(options.groups(), inChannels, outChannels));
    }
    long[] shape = new long[axes + 2];
    shape[0] = outChannels;
    shape[1] = inChannels / options.groups();
    System.arraycopy(options.kernel(), 0, shape, 2, axes);
    weight = parameter("weight", Init.kaimingUniform(shape));
    bias =
        options.bias()
            ? parameter("bias", Init.uniformByFanIn(Init.fanIn(shape), outChannels))
            : null;
  }

  /**
   * @param input {@code [batch, in, axes…]}
   * @return {@code [batch, out, axes…]}
   */
  @Override
  public final Tensor forward(Tensor input) {
    return convolve(input, weight.tensor(), bias == null ? null : bias.tensor());
  }

  abstract Tensor convolve(Tensor input, Tensor weight, @Nullable Tensor bias);

  /** How the window walks; one number an axis. */
  public final ConvOptions options() {
    return options;
  }

  /** {@code [out, in / groups, kernel…]}. */
  public final Parameter weight() {
    return weight;
  }
}
