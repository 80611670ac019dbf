package dev.lora4j.vision;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The splits of an image source, closed with it, and notes on skipped and resized images. */
public record ImageSplits(ImageSet train, ImageSet test, List<Skipped> skipped, long resized)
    implements AutoCloseable {
  private static final List<String> USUAL = List.of("bird", "cat", "dog");
  private static final int SHOWN = 3;

  /** An image that was skipped, and the reason. */
  public record Skipped(String name, String reason) {
    @Override
    public String toString() {
      return name + " (" + reason + ")";
    }
  }

  public ImageSplits {
    skipped = List.copyOf(skipped);
  }

  /** Returns splits without notes; a failure to load the test set closes both. */
  static ImageSplits of(ImageSet train, Supplier<ImageSet> test) {
    try {
      return new ImageSplits(train, test.get(), List.of(), 0);
    } catch (RuntimeException e) {
      train.close();
      throw e;
    }
  }

  /** Returns these splits with notes. */
  ImageSplits with(List<Skipped> skipped, long resized) {
    return new ImageSplits(train, test, skipped, resized);
  }

  public List<String> classes() {
    return train.classes();
  }

  /** Returns the classes for fine-tuning: bird, cat and dog if present, else the last three. */
  public List<String> fineTuneClasses() {
    List<String> classes = classes();
    return classes.containsAll(USUAL)
        ? USUAL
        : classes.subList(Math.max(0, classes.size() - USUAL.size()), classes.size());
  }

  /** Returns warnings for the user, one sentence each; empty if there are none. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (!skipped.isEmpty()) {
      List<String> first = skipped.stream().limit(SHOWN).map(Skipped::toString).toList();
      String more = skipped.size() > SHOWN ? ", …" : "";
      warnings.add("skipped " + counted(skipped.size()) + ": " + String.join(", ", first) + more);
    }
    if (resized > 0) {
      ImageShape shape = train.shape();
      warnings.add(
          "resized "
              + counted(resized)
              + " to "
              + shape.width()
              + "×"
              + shape.height()
              + " pixels");
    }
    return warnings;
  }

  private static String counted(long images) {
    return images + (images == 1 ? " image" : " images");
  }

  @Override
  public void close() {
    train.close();
    test.close();
  }
}
