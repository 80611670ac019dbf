package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class SyntheticShapesTest {

  @Test
  void sameSeedGivesTheSameImagesForAnyThreadCount() {
    try (PointerScope scope = new PointerScope();
        ImageSplits one = SyntheticShapes.of(7, 300, 100).load(1);
        ImageSplits three = SyntheticShapes.of(7, 300, 100).load(3);
        ImageSplits other = SyntheticShapes.of(8, 300, 100).load(1)) {
      assertThat(one.train().images().equal(three.train().images())).isTrue();
      assertThat(one.test().images().equal(three.test().images())).isTrue();
      assertThat(one.train().images().equal(other.train().images())).isFalse();
    }
  }

  @Test
  void tenBalancedClassesWithoutDuplicates() {
    try (PointerScope scope = new PointerScope();
        ImageSplits splits = SyntheticShapes.of(1, 200, 200).load(2)) {
      assertThat(splits.train().counts())
          .hasSize(10)
          .allSatisfy((name, count) -> assertThat(count).isEqualTo(20));
      assertThat(splits.fineTuneClasses()).containsExactly("star", "stripes", "triangle");
      Tensor train = splits.train().images();
      Tensor test = splits.test().images();
      assertThat(train.select(0, 0).equal(test.select(0, 0))).isFalse();
      assertThat(train.select(0, 0).equal(train.select(0, 10))).isFalse();
    }
  }

  @Test
  void tooFewImagesAreRefused() {
    assertThatThrownBy(() -> SyntheticShapes.of(1, 100, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected at least 10 images, found 100 and 9");
  }
}
