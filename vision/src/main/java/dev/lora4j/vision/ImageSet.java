package dev.lora4j.vision;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The labelled images of one split, kept as bytes and normalised when a batch is gathered. */
public final class ImageSet implements Dataset, AutoCloseable {
  private final Tensor images; // [n, C, H, W], uint8
  private final Tensor labels; // [n], int64
  private final Tensor divisor; // [1, C, 1, 1]
  private final Tensor shift; // [1, C, 1, 1]
  private final ImageShape shape;
  private final List<String> classes;
  private final Map<String, Long> counts;

  private ImageSet(Tensor images, Tensor labels, List<String> classes, Tensor[] scaling) {
    this.classes = List.copyOf(classes);
    this.counts = count(labels, this.classes);
    this.shape = new ImageShape((int) images.size(1), (int) images.size(2), (int) images.size(3));
    this.images = images.retainReference();
    this.labels = labels.retainReference();
    this.divisor = scaling[0].retainReference();
    this.shift = scaling[1].retainReference();
  }

  /** Returns a set with images normalised to [−1, 1]. */
  public static ImageSet of(Tensor images, Tensor labels, List<String> classes) {
    return of(images, labels, classes, Normalization.HALF);
  }

  /**
   * Returns a set of images, which keeps both tensors alive until it is closed.
   *
   * @param images {@code [n, C, H, W]}, uint8
   * @param labels {@code [n]}, int64, each an index into classes
   * @param classes names of all classes, in label order
   * @throws UserError if a class has no image
   */
  public static ImageSet of(
      Tensor images, Tensor labels, List<String> classes, Normalization normalization) {
    return of(images, labels, classes, classes, normalization);
  }

  /** The same, where only the present classes must have images. */
  static ImageSet of(
      Tensor images,
      Tensor labels,
      List<String> classes,
      List<String> present,
      Normalization normalization) {
    TensorDataset.checkLabels(images, labels);
    if (images.dim() != 4 || DType.of(images.scalar_type()).filter(DType.U8::equals).isEmpty()) {
      throw new IllegalArgumentException(
          "expected uint8 images [n, C, H, W], found "
              + images.scalar_type()
              + " "
              + Arrays.toString(images.shape()));
    }
    ImageSet set;
    try (PointerScope scope = new PointerScope()) {
      int channels = (int) images.size(1);
      Tensor[] scaling = {
        perChannel(normalization.divisors(channels)), perChannel(normalization.shifts(channels))
      };
      set = new ImageSet(images, labels, classes, scaling);
    }
    set.counts.forEach(
        (name, count) -> {
          if (count == 0 && present.contains(name)) {
            set.close();
            throw new UserError("class " + name + " has no image; add some or remove the class");
          }
        });
    return set;
  }

  private static Tensor perChannel(float[] numbers) {
    Tensor tensor = TensorMemory.allocate(DType.F32, 1, numbers.length, 1, 1);
    TensorMemory memory = TensorMemory.of(tensor);
    memory.view(0, (int) memory.bytes()).asFloatBuffer().put(numbers);
    return tensor;
  }

  private static Map<String, Long> count(Tensor labels, List<String> classes) {
    long[] counts = new long[classes.size()];
    long[] all = TensorMemory.longs(labels);
    for (int i = 0; i < all.length; i++) {
      if (all[i] < 0 || all[i] >= counts.length) {
        throw new IllegalArgumentException(
            "image " + i + ": expected a label below " + counts.length + ", found " + all[i]);
      }
      counts[(int) all[i]]++;
    }
    Map<String, Long> byName = new LinkedHashMap<>();
    for (int i = 0; i < counts.length; i++) {
      byName.put(classes.get(i), counts[i]);
    }
    return Collections.unmodifiableMap(byName);
  }

  /**
   * Returns a new set with the images of some classes only. Labels and {@link #classes()} stay
   * those of the full set, so that a network with a head for all classes can be trained on a few.
   *
   * @throws UserError if a name is not a class of this set, or has no image in it
   */
  public ImageSet only(Collection<String> names) {
    Set<Long> wanted = new HashSet<>();
    for (String name : names) {
      int label = classes.indexOf(name);
      if (label < 0) {
        throw new UserError("unknown class " + name + NearMiss.hint(name, classes) + known());
      }
      if (counts.getOrDefault(name, 0L) == 0) {
        throw new UserError("class " + name + " has no image in this set" + known());
      }
      wanted.add((long) label);
    }
    if (wanted.isEmpty()) {
      throw new UserError("no class selected" + known());
    }
    long[] all = TensorMemory.longs(labels);
    long[] kept =
        IntStream.range(0, all.length)
            .filter(i -> wanted.contains(all[i]))
            .mapToLong(i -> i)
            .toArray();
    try (PointerScope scope = new PointerScope()) {
      Tensor indices = TensorMemory.copyOf(kept);
      return new ImageSet(
          images.index_select(0, indices),
          labels.index_select(0, indices),
          classes,
          new Tensor[] {divisor, shift});
    }
  }

  private String known() {
    return "; classes: " + String.join(", ", classes);
  }

  public List<String> classes() {
    return classes;
  }

  /** Returns the number of images by class; 0 for classes that {@link #only} removed. */
  public Map<String, Long> counts() {
    return counts;
  }

  public ImageShape shape() {
    return shape;
  }

  @Override
  public long size() {
    return labels.size(0);
  }

  /** {@inheritDoc} The inputs are normalised floats, {@code [batch, C, H, W]}. */
  @Override
  public Batch gather(Tensor indices) {
    try (Tensor bytes = images.index_select(0, indices)) {
      Tensor inputs = bytes.to(ScalarType.Float);
      inputs.div_(divisor);
      inputs.sub_(shift);
      return new Batch(inputs, labels.index_select(0, indices));
    }
  }

  /** Returns the raw bytes, {@code [n, C, H, W]} uint8, owned by this set. */
  public Tensor images() {
    return images;
  }

  /** Returns the labels, {@code [n]} int64, owned by this set. */
  public Tensor labels() {
    return labels;
  }

  @Override
  public void close() {
    images.releaseReference();
    labels.releaseReference();
    divisor.releaseReference();
    shift.releaseReference();
  }
}
