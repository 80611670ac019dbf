package dev.lora4j.nn.conv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.kernel.Ops;
import java.util.function.BinaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

class ColumnConvolutionTest {
  private static final double TOLERANCE = 1e-4;

  @Property(tries = 40)
  void outputsAndGradientsEqualThoseOfLibtorchsChoice(
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 4) int in,
      @ForAll @IntRange(min = 1, max = 5) int out,
      @ForAll @IntRange(min = 1, max = 5) int kernel,
      @ForAll @IntRange(min = 1, max = 3) int stride,
      @ForAll @IntRange(min = 0, max = 2) int padding) {
    try (PointerScope scope = new PointerScope()) {
      ConvOptions options = ConvOptions.kernel(kernel).withStride(stride).withPadding(padding);
      Conv2d conv = new Conv2d(in, out, options);
      Tensor images = torch.randn(batch, in, 9, 11);
      Tensor weight = torch.randn(out, in, kernel, kernel);
      assertThat(ColumnConvolution.suits(images, weight, conv.options())).isTrue();

      Results ours = results(images, weight, (x, w) -> conv.forwardWith(x, w, null));
      Results libtorchs = results(images, weight, (x, w) -> libtorch(x, w, conv.options()));

      assertClose(ours.output(), libtorchs.output());
      assertClose(ours.ofImages(), libtorchs.ofImages());
      assertClose(ours.ofWeight(), libtorchs.ofWeight());
    }
  }

  private static Tensor libtorch(Tensor images, Tensor weight, ConvOptions options) {
    return torch.conv2d(
        images,
        weight,
        new TensorOptional(),
        options.stride(),
        options.padding(),
        options.dilation(),
        options.groups());
  }

  /** An output and the gradients of half the sum of its squares. */
  private record Results(Tensor output, Tensor ofImages, Tensor ofWeight) {}

  private static Results results(Tensor images, Tensor weight, BinaryOperator<Tensor> convolution) {
    Tensor x = images.clone().requires_grad_(true);
    Tensor w = weight.clone().requires_grad_(true);
    Tensor y = convolution.apply(x, w);
    Ops.backward(y.mul(y).sum(), Ops.tensor(new float[] {0.5f}, new long[0]));
    return new Results(y.detach(), x.grad(), w.grad());
  }

  private static void assertClose(Tensor found, Tensor expected) {
    assertThat(Ops.shape(found)).isEqualTo(Ops.shape(expected));
    double scale = 1 + expected.abs().max().item_double();
    assertThat(found.sub(expected).abs().max().item_double()).isLessThan(TOLERANCE * scale);
  }
}
