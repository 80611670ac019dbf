package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.vision.ImageSplits.Skipped;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class ImageSplitsTest {

  @Test
  void defaultClassesAreBirdCatAndDogWhenPresent() {
    try (ImageSplits splits =
        ImageSplits.of(set("ant", "bird", "cat", "dog", "elk"), () -> set("x"))) {
      assertThat(splits.fineTuneClasses()).containsExactly("bird", "cat", "dog");
    }
  }

  @Test
  void defaultClassesAreTheLastThreeOtherwise() {
    try (ImageSplits splits = ImageSplits.of(set("a", "b", "bird", "cat", "e"), () -> set("x"))) {
      assertThat(splits.fineTuneClasses()).containsExactly("bird", "cat", "e");
    }
    try (ImageSplits splits = ImageSplits.of(set("a", "b"), () -> set("x"))) {
      assertThat(splits.fineTuneClasses()).containsExactly("a", "b");
    }
  }

  @Test
  void warningsCountAndNameTheFirst() {
    List<Skipped> skipped =
        List.of(
            new Skipped("train/a/1.jpg", "cut off"),
            new Skipped("2", "x"),
            new Skipped("3", "y"),
            new Skipped("4", "z"));
    try (ImageSplits splits = new ImageSplits(set("a"), set("a"), skipped, 1)) {
      assertThat(splits.warnings())
          .containsExactly(
              "skipped 4 images: train/a/1.jpg (cut off), 2 (x), 3 (y), …",
              "resized 1 image to 3×2 pixels");
    }
  }

  private static ImageSet set(String... classes) {
    try (PointerScope scope = new PointerScope()) {
      return ImageSet.of(
          TensorMemory.allocate(DType.U8, classes.length, 3, 2, 3),
          TensorMemory.copyOf(LongStream.range(0, classes.length).toArray()),
          List.of(classes));
    }
  }
}
