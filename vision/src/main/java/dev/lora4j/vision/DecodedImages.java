package dev.lora4j.vision;

import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.vision.ImageSplits.Skipped;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** The images of one split, uint8 {@code [n, 3, H, W]}, decoded by several threads in order. */
record DecodedImages(Tensor images, Tensor labels, List<Skipped> skipped, long resized) {

  static DecodedImages of(
      ImageTree tree, List<FolderLayout.Item> items, ImageShape shape, int threads) {
    Tensor images =
        TensorMemory.allocate(
            DType.U8, items.size(), shape.channels(), shape.height(), shape.width());
    TensorMemory memory = TensorMemory.of(images);
    Map<Integer, Skipped> skipped = new ConcurrentSkipListMap<>();
    LongAdder resized = new LongAdder();
    Parallel.run(
        threads,
        items.size(),
        () ->
            new Parallel.Worker() {
              private final ImageDecoder decoder = new ImageDecoder();

              @Override
              public void process(int index) {
                String name = items.get(index).name();
                try {
                  RgbImage image = decoder.decode(tree.read(name));
                  if (!image.hasSize(shape.height(), shape.width())) {
                    image = image.resized(shape.height(), shape.width());
                    resized.increment();
                  }
                  memory.put((long) index * shape.bytes(), image.planes());
                } catch (IOException e) {
                  String reason = e.getMessage() == null ? e.toString() : e.getMessage();
                  skipped.put(index, new Skipped(name, reason));
                }
              }

              @Override
              public void close() {
                decoder.close();
              }
            });
    int[] kept = IntStream.range(0, items.size()).filter(i -> !skipped.containsKey(i)).toArray();
    Tensor labels = TensorMemory.copyOf(labels(items, kept));
    return new DecodedImages(
        skipped.isEmpty() ? images : compacted(images, kept),
        labels,
        List.copyOf(skipped.values()),
        resized.sum());
  }

  private static long[] labels(List<FolderLayout.Item> items, int[] kept) {
    return IntStream.of(kept).mapToLong(i -> items.get(i).label()).toArray();
  }

  private static Tensor compacted(Tensor images, int[] kept) {
    return images.index_select(0, TensorMemory.copyOf(IntStream.of(kept).asLongStream().toArray()));
  }
}
