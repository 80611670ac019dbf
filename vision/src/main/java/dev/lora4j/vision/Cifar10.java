package dev.lora4j.vision;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.io.download.CacheDirectory;
import dev.lora4j.io.download.Checksum;
import dev.lora4j.io.download.Download;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The <a href="https://www.cs.toronto.edu/~kriz/cifar.html">CIFAR-10</a> data set (Krizhevsky 2009)
 * in its binary form: ten classes, 50 000 training and 10 000 test images of 32×32 RGB pixels, each
 * a label byte followed by the red, green and blue planes.
 */
public final class Cifar10 implements ImageSource {
  static final ImageShape SHAPE = new ImageShape(3, 32, 32);
  static final int RECORD = 1 + SHAPE.bytes();

  private static final URI ARCHIVE =
      URI.create("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz");
  private static final Checksum MD5 = Checksum.md5("c32a1d4ab5d03f1284b67883e8d87530");
  private static final String TEST = "test_batch.bin";
  private static final String NAMES = "batches.meta.txt";
  private static final List<String> TRAIN =
      IntStream.rangeClosed(1, 5).mapToObj(i -> "data_batch_" + i + ".bin").toList();
  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private final Path path;

  private Cifar10(Path path) {
    this.path = path;
  }

  /** Returns a copy: the published archive, compressed or not, or a directory with its files. */
  public static Cifar10 at(Path path) {
    return new Cifar10(path);
  }

  /**
   * Returns the published archive, downloading it into the cache (162 MiB) if it is not there yet.
   *
   * @throws dev.lora4j.UserError if it is not cached and cannot be downloaded
   */
  public static Cifar10 published(Download.Progress progress, Download.Limits limits) {
    Path cached = CacheDirectory.get().resolve("cifar-10-binary.tar.gz");
    if (!Files.exists(cached)) {
      Download.of(ARCHIVE, cached).expecting(MD5).within(limits).telling(progress).run();
    }
    return at(cached);
  }

  /** Returns whether a path looks like a copy, by its file names and first bytes. */
  static boolean isAt(Path path) {
    return CifarFiles.looksRight(path, TRAIN.get(0));
  }

  @Override
  public String describe() {
    return "CIFAR-10 from " + path;
  }

  /** {@inheritDoc} CIFAR-10 needs no decoding, so {@code threads} is ignored. */
  @Override
  public ImageSplits load(int threads) {
    List<String> wanted = new ArrayList<>(TRAIN);
    wanted.add(TEST);
    wanted.add(NAMES);
    CifarFiles files = CifarFiles.read(path, wanted);
    List<String> classes =
        files.find(NAMES).map(Cifar10::names).filter(n -> n.size() == 10).orElse(CLASSES);
    return ImageSplits.of(set(files, TRAIN, classes), () -> set(files, List.of(TEST), classes));
  }

  private static List<String> names(byte[] text) {
    return new String(text, StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  private ImageSet set(CifarFiles files, List<String> batches, List<String> classes) {
    long total = 0;
    for (String batch : batches) {
      total += records(batch, files.get(batch));
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor images = TensorMemory.allocate(DType.U8, total, 3, SHAPE.height(), SHAPE.width());
      TensorMemory memory = TensorMemory.of(images);
      long[] labels = new long[(int) total];
      int next = 0;
      for (String batch : batches) {
        byte[] content = files.get(batch);
        for (int at = 0; at < content.length; at += RECORD) {
          labels[next] = label(batch, content, at, classes.size());
          memory.view((long) next * SHAPE.bytes(), SHAPE.bytes()).put(content, at + 1, RECORD - 1);
          next++;
        }
      }
      return ImageSet.of(images, TensorMemory.copyOf(labels), classes);
    }
  }

  private int records(String batch, byte[] content) {
    int rest = content.length % RECORD;
    if (rest != 0) {
      throw bad(batch, content.length / RECORD, "expected a record of " + RECORD + " bytes", rest);
    }
    return content.length / RECORD;
  }

  private int label(String batch, byte[] content, int at, int classes) {
    int label = content[at] & 0xff;
    if (label >= classes) {
      throw bad(batch, at / RECORD, "expected a label of at most " + (classes - 1), label);
    }
    return label;
  }

  private CorruptFile bad(String batch, int record, String expected, int found) {
    return new CorruptFile(
        path, batch + ", record " + record + ": " + expected + ", found " + found);
  }
}
