package dev.lora4j.nn.conv;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.DenseWeights;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A convolution over one to three axes with weight {@code [out, in / groups, kernel…]}. */
public abstract sealed class Conv extends Module implements WeightedLayer
    permits Conv1d, Conv2d, Conv3d {
  private final ConvOptions options;
  private final DenseWeights weight;
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
    weight = new DenseWeights(parameter("weight", Init.kaimingUniform(shape)));
    bias =
        options.bias()
            ? parameter("bias", Init.uniformByFanIn(Init.fanIn(shape), outChannels))
            : null;
  }

  Conv(Parameter weight, @Nullable Parameter bias, ConvOptions given) {
    options = given.spread(weight.shape().length - 2);
    this.weight = new DenseWeights(share("weight", weight));
    this.bias = bias == null ? null : share("bias", bias);
  }

  /**
   * Returns a convolution over existing parameters, which other modules may share.
   *
   * @param weight {@code [out, in / groups, kernel…]}, of one, two or three axes
   */
  public static Conv sharing(Parameter weight, Optional<Parameter> bias, ConvOptions options) {
    bias.ifPresent(b -> Checks.vector("bias", b.value(), weight.shape()[0]));
    Parameter orNone = bias.orElse(null);
    return switch (weight.shape().length - 2) {
      case 1 -> new Conv1d(weight, orNone, options);
      case 2 -> new Conv2d(weight, orNone, options);
      case 3 -> new Conv3d(weight, orNone, options);
      default ->
          throw new UserError(
              "a convolution's weight must have 3, 4 or 5 dimensions, found "
                  + Arrays.toString(weight.shape()));
    };
  }

  /**
   * @param input {@code [batch, in, axes…]}
   * @return {@code [batch, out, axes…]}
   */
  @Override
  public final Tensor forward(Tensor input) {
    return forwardWith(input, weight.dense(), bias == null ? null : bias.tensor());
  }

  @Override
  public final Tensor forwardWith(Tensor input, Tensor weight, @Nullable Tensor bias) {
    TensorOptional b = Ops.optional(bias);
    ConvOptions o = options;
    return switch (o.kernel().length) {
      case 1 -> torch.conv1d(input, weight, b, o.stride(), o.padding(), o.dilation(), o.groups());
      case 2 ->
          ColumnConvolution.suits(input, weight, o)
              ? torch.thnn_conv2d(input, weight, o.kernel(), b, o.stride(), o.padding())
              : torch.conv2d(input, weight, b, o.stride(), o.padding(), o.dilation(), o.groups());
      default -> torch.conv3d(input, weight, b, o.stride(), o.padding(), o.dilation(), o.groups());
    };
  }

  /** Kernel, stride, padding and dilation, with one value for each axis. */
  public final ConvOptions options() {
    return options;
  }

  /** {@code [out, in / groups, kernel…]}. */
  @Override
  public final WeightStore store() {
    return weight;
  }

  @Override
  public final Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }

  /** Returns a convolution over the same axes with other channels and options. */
  public final Conv like(long inChannels, long outChannels, ConvOptions options) {
    return switch (this.options.kernel().length) {
      case 1 -> new Conv1d(inChannels, outChannels, options);
      case 2 -> new Conv2d(inChannels, outChannels, options);
      default -> new Conv3d(inChannels, outChannels, options);
    };
  }
}
