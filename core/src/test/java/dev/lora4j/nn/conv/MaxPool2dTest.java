package dev.lora4j.nn.conv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.kernel.Ops;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

class MaxPool2dTest {
  @Property(tries = 60)
  void maximaWithoutGradientsEqualThoseWithIndices(
      @ForAll @IntRange(min = 3, max = 12) int height,
      @ForAll @IntRange(min = 3, max = 12) int width,
      @ForAll @IntRange(min = 1, max = 3) int rows,
      @ForAll @IntRange(min = 1, max = 3) int columns,
      @ForAll @IntRange(min = 1, max = 4) int stride) {
    try (PointerScope scope = new PointerScope()) {
      Tensor images = torch.randn(2, 3, height, width);
      MaxPool2d pool =
          MaxPool2d.uneven(
              new long[] {rows, columns}, new long[] {stride, stride + 1}, new long[] {0, 0});

      Tensor plain = pool.forward(images);
      Tensor withIndices = pool.forward(images.clone().requires_grad_(true)).detach();

      assertThat(Ops.shape(plain)).isEqualTo(Ops.shape(withIndices));
      assertThat(Ops.floats(plain)).isEqualTo(Ops.floats(withIndices));
    }
  }
}
