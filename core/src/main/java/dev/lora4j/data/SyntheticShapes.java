package dev.lora4j.data;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Drawn shapes under noise, in ten classes, for when there is no data and no network. Place, size,
 * turn, colours and noise are random; the same seed gives the same images. They are easy enough for
 * a small network to learn, and hard enough for it to make mistakes.
 */
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

  /** 10 000 images to train on and 2 000 to test on. */
  public static SyntheticShapes usual() {
    return of(SEED, TRAIN, TEST);
  }

  /**
   * Shapes of another number.
   *
   * @param train images to train on, at least one for each of the ten classes
   * @param test images to test on, at least as many
   */
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
    return ImageSplits.of(drawn(threads, 0, train), drawn(threads, train, test));
  }

  /** Images {@code first} to {@code first + count} of the endless row that the seed stands for. */
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
