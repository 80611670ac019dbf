package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ImageSetTest {
  private static final List<String> CLASSES = List.of("ant", "bird", "cat");

  /** Returns a set in which image i has the bytes 4·i … 4·i + 3, with labels 0 1 2 1 0. */
  private static ImageSet sample(Normalization normalization) {
    try (PointerScope scope = new PointerScope()) {
      Tensor images = TensorMemory.allocate(DType.U8, 5, 2, 1, 2);
      byte[] bytes = new byte[20];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (i == 19 ? 255 : i);
      }
      TensorMemory.of(images).put(0, bytes);
      return ImageSet.of(images, TensorMemory.copyOf(0, 1, 2, 1, 0), CLASSES, normalization);
    }
  }

  @Test
  void setReportsSizeShapeAndClassCounts() {
    try (ImageSet set = sample(Normalization.HALF)) {
      assertThat(set.size()).isEqualTo(5);
      assertThat(set.shape()).isEqualTo(new ImageShape(2, 1, 2)).hasToString("2×1×2");
      assertThat(set.counts()).isEqualTo(Map.of("ant", 2L, "bird", 2L, "cat", 1L));
      assertThat(set.counts().keySet()).containsExactlyElementsOf(CLASSES);
    }
  }

  @Test
  void gatherReturnsNormalisedFloats() {
    try (ImageSet set = sample(Normalization.HALF);
        PointerScope scope = new PointerScope()) {
      Batch batch = set.gather(TensorMemory.copyOf(4, 0));

      assertThat(batch.inputs().shape()).containsExactly(2, 2, 1, 2);
      assertThat(TensorMemory.longs(batch.targets())).containsExactly(0, 0);
      assertThat(floats(batch.inputs()))
          .containsExactly(
              16 / 127.5f - 1,
              17 / 127.5f - 1,
              18 / 127.5f - 1,
              1f,
              -1f,
              1 / 127.5f - 1,
              2 / 127.5f - 1,
              3 / 127.5f - 1);
    }
  }

  @Test
  void normalisationIsPerChannel() {
    Normalization normalization = new Normalization(List.of(0.0, 0.5), List.of(1.0, 0.5));
    try (ImageSet set = sample(normalization);
        PointerScope scope = new PointerScope()) {
      assertThat(floats(set.gather(TensorMemory.copyOf(0)).inputs()))
          .containsExactly(0f, 1 / 255f, 2 / 127.5f - 1, 3 / 127.5f - 1);
    }
  }

  @Test
  void subsetKeepsLabelsAndOutlivesItsParent() {
    ImageSet whole = sample(Normalization.HALF);
    try (ImageSet part = whole.only(List.of("cat", "bird"))) {
      whole.close();
      try (PointerScope scope = new PointerScope()) {
        assertThat(part.classes()).isEqualTo(CLASSES);
        assertThat(part.counts()).isEqualTo(Map.of("ant", 0L, "bird", 2L, "cat", 1L));
        assertThat(TensorMemory.longs(part.labels())).containsExactly(1, 2, 1);
        Batch batch = part.gather(TensorMemory.copyOf(2));
        assertThat(floats(batch.inputs())).startsWith(12 / 127.5f - 1);
      }
    }
  }

  @Test
  void unknownClassSuggestsTheNearestAndListsAll() {
    try (ImageSet set = sample(Normalization.HALF)) {
      assertThatThrownBy(() -> set.only(List.of("brid")))
          .isInstanceOf(UserError.class)
          .hasMessage("unknown class brid; did you mean bird?; classes: ant, bird, cat");
      assertThatThrownBy(() -> set.only(List.of())).isInstanceOf(UserError.class);
      try (ImageSet birds = set.only(List.of("bird"))) {
        assertThatThrownBy(() -> birds.only(List.of("cat")))
            .isInstanceOf(UserError.class)
            .hasMessageStartingWith("class cat has no image in this set");
      }
    }
  }

  @Test
  void emptyClassIsNamed() {
    try (PointerScope scope = new PointerScope()) {
      Tensor images = TensorMemory.allocate(DType.U8, 1, 3, 2, 2);
      Tensor labels = TensorMemory.copyOf(0);
      assertThatThrownBy(() -> ImageSet.of(images, labels, List.of("ant", "bird")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("class bird has no image");
      assertThatThrownBy(() -> ImageSet.of(images, TensorMemory.copyOf(7), List.of("ant")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("image 0: expected a label below 1, found 7");
      assertThatThrownBy(() -> ImageSet.of(torch.zeros(1, 2), labels, List.of("ant")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("expected uint8 images [n, C, H, W], found Float [1, 2]");
    }
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    TensorMemory.of(tensor).view(0, values.length * Float.BYTES).asFloatBuffer().get(values);
    return values;
  }
}
