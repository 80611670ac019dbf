package dev.lora4j.vision;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Synthetic images of ten kinds of noisy shapes; the same seed gives the same images. */
public final class SyntheticShapes implements ImageSource {
  private static final long SEED = 10;
  private static final int TRAIN = 10_000;
  private static final int TEST = 2_000;

  private final long seed;
  private final int train;
  private final int test;

  private SyntheticShapes(long seed, int train, int test) {
    this.seed = seed;
    this.train = train;
    this.test = test;
  }

  /** Returns 10 000 training images and 2 000 test images. */
  public static SyntheticShapes usual() {
    return of(SEED, TRAIN, TEST);
  }

  /** Returns the given numbers of images, at least one for each of the ten classes. */
  public static SyntheticShapes of(long seed, int train, int test) {
    int least = ShapeKind.values().length;
    if (train < least || test < least) {
      throw new IllegalArgumentException(
          "expected at least " + least + " images, found " + train + " and " + test);
    }
    return new SyntheticShapes(seed, train, test);
  }

  @Override
  public String describe() {
    return "synthetic shapes";
  }

  @Override
  public ImageSplits load(int threads) {
    return ImageSplits.of(drawn(threads, 0, train), () -> drawn(threads, train, test));
  }

  /** Draws the images from {@code first} on of the endless sequence that the seed defines. */
  private ImageSet drawn(int threads, int first, int count) {
    List<ShapeKind> kinds = List.of(ShapeKind.values());
    try (PointerScope scope = new PointerScope()) {
      Tensor images = TensorMemory.allocate(DType.U8, count, 3, ShapeCanvas.SIZE, ShapeCanvas.SIZE);
      TensorMemory memory = TensorMemory.of(images);
      long[] labels = new long[count];
      for (int i = 0; i < count; i++) {
        labels[i] = label(first + i, kinds);
      }
      Parallel.run(
          threads,
          count,
          () -> {
            ShapeCanvas canvas = new ShapeCanvas();
            return index -> {
              ShapeKind kind = kinds.get(label(first + index, kinds));
              byte[] planes = canvas.draw(kind, seed, first + index);
              memory.put((long) index * planes.length, planes);
            };
          });
      return ImageSet.of(images, TensorMemory.copyOf(labels), ShapeKind.names());
    }
  }

  private static int label(int index, List<ShapeKind> kinds) {
    return index % kinds.size();
  }
}
